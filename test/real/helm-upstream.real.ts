import { join } from 'node:path';
import type { V1DaemonSet, V1Ingress } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { RELEASE } from '../../deploy/release/names.ts';
import { missingTools } from '../../lab/tools/tool.ts';
import { CHART, helm, render, type Values, variantValues, writtenEnvironment } from './helm.ts';
import { probeOf, readManifests, theOnly } from './rendered.ts';
import { OVERRIDES } from './upstream-overrides.ts';

type Read = (probe: ReturnType<typeof probeOf>) => unknown;

/**
 * A value of `daemonset`, by upstream's name; another one for the same, by this chart's name; and
 * where in the pod it shows.
 */
const OLD_AND_NEW: readonly [old: Values, ours: Values, read: Read][] = [
  [
    { image: { repository: 'old/image', tag: 'a' } },
    { image: { tag: 'b' } },
    ({ container }) => container.image,
  ],
  [
    { containerImagePullPolicy: 'Never' },
    { image: { pullPolicy: 'Always' } },
    ({ container }) => container.imagePullPolicy,
  ],
  [
    { extraEnvs: [{ name: 'A', value: 'old' }] },
    { extraEnv: [{ name: 'A', value: 'new' }] },
    ({ container }) => container.env?.at(-1)?.value,
  ],
  [
    { volumes: [{ name: 'old', emptyDir: {} }] },
    { extraVolumes: [{ name: 'new', emptyDir: {} }] },
    ({ pod }) => pod.volumes?.at(-1)?.name,
  ],
  [
    { volumeMounts: [{ name: 'old', mountPath: '/a' }] },
    { extraVolumeMounts: [{ name: 'new', mountPath: '/a' }] },
    ({ container }) => container.volumeMounts?.at(-1)?.name,
  ],
  [
    { podLabels: { a: 'old' } },
    { podLabels: { a: 'new' } },
    ({ template }) => template.metadata?.labels?.a,
  ],
  [
    { podAnnotations: { a: 'old' } },
    { podAnnotations: { a: 'new' } },
    ({ template }) => template.metadata?.annotations?.a,
  ],
  [
    { podSecurityContext: { runAsUser: 1 } },
    { podSecurityContext: { runAsUser: 2 } },
    ({ pod }) => pod.securityContext?.runAsUser,
  ],
  [
    { containerSecurityContext: { runAsUser: 1 } },
    { securityContext: { runAsUser: 2 } },
    ({ container }) => container.securityContext?.runAsUser,
  ],
  [
    { containerResources: { limits: { memory: '1Gi' } } },
    { resources: { limits: { memory: '2Gi' } } },
    ({ container }) => container.resources?.limits?.memory,
  ],
  [{ priorityClassName: 'old' }, { priorityClassName: 'new' }, ({ pod }) => pod.priorityClassName],
  [
    { tolerations: [{ key: 'old', operator: 'Exists' }] },
    { tolerations: [{ key: 'new', operator: 'Exists' }] },
    ({ pod }) => pod.tolerations?.[0]?.key,
  ],
  [
    { dnsConfig: { searches: ['old'] } },
    { dnsConfig: { searches: ['new'] } },
    ({ pod }) => pod.dnsConfig?.searches?.[0],
  ],
];

describe.skipIf(missingTools(['helm']).length > 0)('a value of upstream’s chart', () => {
  test.each(OLD_AND_NEW)(
    'daemonset: %o is accepted, and overridden by the chart’s own value',
    async (old, ours, read) => {
      const shown = async (values: Values) => read(probeOf(await render(values)));
      const onlyOld = await shown({ daemonset: old });
      expect(onlyOld).not.toEqual(await shown({}));
      const both = await shown({ ...ours, daemonset: old });
      expect(both).not.toEqual(onlyOld);
      expect(both).toEqual(await shown(ours));
    },
  );

  test.each(OVERRIDES)(
    'renders as an upstream values file, by itself and over its defaults: %o',
    async (values) => {
      probeOf(await render(values));
      const defaults = join(CHART, 'ci/upstream-1.15-values.yaml');
      const rendered = await helm(['template', 'kubenurse', CHART, `--values=${defaults}`], values);
      probeOf(readManifests(rendered));
    },
  );

  test('of upstream’s own file means the same, except for what docs/migration.md lists', async () => {
    const rendered = await render(variantValues('upstream-1.15'));
    expect(writtenEnvironment(rendered)).toEqual({
      KUBENURSE_ALLOW_UNSCHEDULABLE: 'false',
      KUBENURSE_CHECK_API_SERVER_DIRECT: 'true',
      KUBENURSE_CHECK_API_SERVER_DNS: 'true',
      KUBENURSE_CHECK_INTERVAL: '5s',
      KUBENURSE_CHECK_ME_INGRESS: 'true',
      KUBENURSE_CHECK_ME_SERVICE: 'true',
      KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
      KUBENURSE_EXPOSE_METADATA: 'false',
      KUBENURSE_INGRESS_URL: 'https://dummy-kubenurse.example.com',
      KUBENURSE_INSECURE: 'true',
      KUBENURSE_NEIGHBOUR_FILTER:
        'app.kubernetes.io/name=kubenurse,app.kubernetes.io/instance=kubenurse',
      KUBENURSE_NEIGHBOUR_LIMIT: '10',
      KUBENURSE_REUSE_CONNECTIONS: 'false',
      KUBENURSE_SERVICE_URL: 'http://kubenurse.kubenurse.svc.cluster.local:8080',
      KUBENURSE_SHUTDOWN_DURATION: '5s',
      KUBERNETES_SERVICE_DNS: 'kubernetes.default.svc.cluster.local',
    });
    const { pod, container } = probeOf(rendered);
    expect(container.image).toBe(`${RELEASE.image}:${RELEASE.version}`);
    expect(pod.tolerations).toHaveLength(2);
    expect(theOnly<V1DaemonSet>(rendered, 'DaemonSet').spec).toMatchObject({
      selector: {
        matchLabels: {
          'app.kubernetes.io/name': 'kubenurse',
          'app.kubernetes.io/instance': 'kubenurse',
        },
      },
      updateStrategy: { rollingUpdate: { maxUnavailable: '34%' } },
    });
    expect(theOnly<V1Ingress>(rendered, 'Ingress').spec).toMatchObject({
      ingressClassName: 'nginx',
      rules: [
        {
          host: 'dummy-kubenurse.example.com',
          http: { paths: [{ path: '/alwayshappy', pathType: 'Exact' }] },
        },
      ],
    });
  });

  test('names the image, unless it is upstream’s', async () => {
    const image = async (repository?: string) =>
      probeOf(await render({ daemonset: { image: { repository, tag: 'v1.15.3' } } })).container
        .image;
    expect(await image('registry.example.com/kubenurse')).toBe(
      'registry.example.com/kubenurse:v1.15.3',
    );
    const ours = `${RELEASE.image}:${RELEASE.version}`;
    expect(await image('docker.io/postfinance/kubenurse')).toBe(ours);
    expect(await image()).toBe(ours);
  });

  test.each([
    [{ maxSurge: 1 }, { maxSurge: 1, maxUnavailable: 0 }],
    [{ maxSurge: 0 }, { maxSurge: 0, maxUnavailable: '10%' }],
    [
      { maxSurge: '10%', maxUnavailable: 0 },
      { maxSurge: '10%', maxUnavailable: 0 },
    ],
    [{}, { maxUnavailable: '10%' }],
  ])('daemonset.rollingUpdate %o is obeyed', async (rollingUpdate, expected) => {
    const { spec } = theOnly<V1DaemonSet>(
      await render({ daemonset: { rollingUpdate } }),
      'DaemonSet',
    );
    expect(spec?.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: expected });
  });
});
