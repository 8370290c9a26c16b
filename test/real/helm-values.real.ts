import type { V1ClusterRole, V1ServiceAccount } from '@kubernetes/client-node';
import { loadYaml } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { readValues } from '../../deploy/helm/document.ts';
import { missingTools } from '../../lab/tools/tool.ts';
import { render, type Values, writtenEnvironment } from './helm.ts';
import { ofKind, probeOf } from './rendered.ts';

/** The default that values.yaml documents for a key. */
function documentedDefault(key: string): unknown {
  const { description = '' } = readValues().find((value) => value.key === key) ?? {};
  const [, text] = /`([[{].*[\]}])`/.exec(description) ?? [];
  if (text === undefined) throw new Error(`${key} names no default`);
  return loadYaml(text);
}

describe.skipIf(missingTools(['helm']).length > 0)('a value of the Helm chart', () => {
  test.each<[string, (probe: ReturnType<typeof probeOf>) => unknown]>([
    ['podSecurityContext', ({ pod }) => pod.securityContext],
    ['securityContext', ({ container }) => container.securityContext],
    ['resources', ({ container }) => container.resources],
    ['tolerations', ({ pod }) => pod.tolerations],
    ['dnsConfig', ({ pod }) => pod.dnsConfig],
  ])('%s has the default that its comment names', async (key, read) => {
    expect(read(probeOf(await render()))).toEqual(documentedDefault(key));
  });

  test('securityContext keeps what is not named, and accepts what is, even if it is false', async () => {
    const values = { securityContext: { readOnlyRootFilesystem: false } };
    expect(probeOf(await render(values)).container.securityContext).toEqual({
      ...(documentedDefault('securityContext') as object),
      readOnlyRootFilesystem: false,
    });
  });

  test('securityContext and resources keep what is not named in nested values', async () => {
    const values = {
      securityContext: { capabilities: { add: ['NET_RAW'] } },
      resources: { requests: { memory: '128Mi', cpu: null }, limits: { cpu: '500m' } },
    };
    const { container } = probeOf(await render(values));
    expect(container.securityContext?.capabilities).toEqual({ add: ['NET_RAW'], drop: ['ALL'] });
    expect(container.resources).toEqual({
      requests: { memory: '128Mi' },
      limits: { cpu: '500m', memory: '192Mi' },
    });
  });

  test.each<[Values, number]>([
    [{}, 25],
    [{ shutdown_duration: '1m30s' }, 110],
    [{ shutdown_duration: '500ms' }, 21],
    [{ shutdown_duration: '0s' }, 20],
    [{ terminationGracePeriodSeconds: 60 }, 60],
  ])('%o gives the pod the time that it takes to end', async (values, seconds) => {
    expect(probeOf(await render(values)).pod.terminationGracePeriodSeconds).toBe(seconds);
  });

  test('extraEnv replaces what the chart sets', async () => {
    const url = 'https://elsewhere.example.com';
    const rendered = await render({ extraEnv: [{ name: 'KUBENURSE_INGRESS_URL', value: url }] });
    const names = probeOf(rendered).container.env?.map(({ name }) => name) ?? [];
    expect(names).toHaveLength(new Set(names).size);
    expect(writtenEnvironment(rendered)).toMatchObject({ KUBENURSE_INGRESS_URL: url });
    expect(writtenEnvironment(rendered)).not.toHaveProperty('KUBENURSE_CHECK_ME_INGRESS');
  });

  test.each([
    ['a b', 'a%20b'],
    ['a,b=c', 'a%2Cb%3Dc'],
    ['100%', '100%25'],
    ['1+1', '1%2B1'],
    ['Zürich', 'Z%C3%BCrich'],
    ['$(NODE_NAME)/$(POD_NAME)', '$(NODE_NAME)%2F$(POD_NAME)'],
    [true, 'true'],
    [86_400_000, '86400000'],
    [1.5, '1.5'],
  ])(
    'otlp.resourceAttributes and clusterName: %s is percent-encoded, except what Kubernetes fills in',
    async (value, encoded) => {
      const rendered = await render({
        clusterName: String(value),
        otlp: { resourceAttributes: { team: value, none: null } },
      });
      expect(writtenEnvironment(rendered).OTEL_RESOURCE_ATTRIBUTES).toBe(
        `k8s.cluster.name=${encoded},team=${encoded}`,
      );
    },
  );

  test('otlp.timeout is written without an exponent', async () => {
    const rendered = await render({ otlp: { endpoint: 'http://a:4318', timeout: 86_400_000 } });
    expect(writtenEnvironment(rendered).OTEL_EXPORTER_OTLP_TIMEOUT).toBe('86400000');
  });

  test('allow_unschedulable grants no right to nodes', async () => {
    const rules = async (values: Values) =>
      ofKind<V1ClusterRole>(await render(values), 'ClusterRole').flatMap(({ rules }) => rules);
    expect(await rules({})).toEqual([
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
    ]);
    expect(await rules({ allow_unschedulable: true })).toEqual([]);
  });

  test('serviceAccount.create=false is obeyed', async () => {
    const rendered = await render({ serviceAccount: { create: false } });
    expect(ofKind<V1ServiceAccount>(rendered, 'ServiceAccount')).toEqual([]);
    expect(probeOf(rendered).pod.serviceAccountName).toBe('default');
  });

  test.each<[Values, boolean]>([
    [{}, true],
    [{ serviceMonitor: { enabled: true } }, false],
    [{ podMonitor: { enabled: true } }, false],
    [{ otlp: { endpoint: 'http://a:4318' } }, false],
    [{ exporters: 'prometheus' }, true],
    [{ exporters: 'otlp' }, false],
    [{ exporters: 'prometheus, otlp' }, false],
    [{ otlp: { endpoint: 'http://a:4318' }, prometheusAnnotations: true }, true],
  ])('%o: annotated for Prometheus: %o', async (values, expected) => {
    const { annotations = {} } = probeOf(await render(values)).template.metadata ?? {};
    expect(annotations['prometheus.io/scrape'] === 'true').toBe(expected);
  });
});
