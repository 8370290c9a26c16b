import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type KubernetesObject,
  loadYaml,
  type V1ConfigMap,
  type V1NetworkPolicy,
} from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { CHART, render, variantValues } from './helm.ts';
import { ofKind, theOnly } from './rendered.ts';

type Endpoint = Record<string, unknown> & { relabelings: object[]; metricRelabelings: object[] };
type WithSpec<Spec> = KubernetesObject & { spec: Spec };
type ServiceMonitor = WithSpec<{ selector: object; endpoints: [Endpoint] }>;
type PodMonitor = WithSpec<{ selector: object }>;

const SELECTOR = {
  matchLabels: {
    'app.kubernetes.io/name': 'kubenurse',
    'app.kubernetes.io/instance': 'kubenurse',
  },
};

/** An object of deploy/monitoring. */
function shippedMonitor<Monitor>(file: string): Monitor {
  return loadYaml<Monitor>(readFileSync(join(CHART, '../../monitoring', file), 'utf8'));
}

describe.skipIf(missingTools(['helm']).length > 0)('the Helm chart', () => {
  test('has the monitors of deploy/monitoring, for the pods of the release', async () => {
    const service = await render({ serviceMonitor: { enabled: true } });
    const { endpoints } = shippedMonitor<ServiceMonitor>('service-monitor.yaml').spec;
    expect(theOnly<ServiceMonitor>(service, 'ServiceMonitor').spec).toEqual({
      selector: SELECTOR,
      scrapeProtocols: ['PrometheusText0.0.4'],
      endpoints,
    });
    const pods = await render({ podMonitor: { enabled: true } });
    expect(theOnly<PodMonitor>(pods, 'PodMonitor').spec).toEqual({
      ...shippedMonitor<PodMonitor>('pod-monitor.yaml').spec,
      selector: SELECTOR,
    });
  });

  test('has a monitor with the labels, times and relabelings of the values', async () => {
    const rendered = await render(variantValues('service-monitor'));
    const { metadata, spec } = theOnly<ServiceMonitor>(rendered, 'ServiceMonitor');
    const [shipped] = shippedMonitor<ServiceMonitor>('service-monitor.yaml').spec.endpoints;
    expect(metadata?.labels).toMatchObject({ release: 'prometheus' });
    expect(spec.endpoints).toEqual([
      {
        ...shipped,
        interval: '1m',
        scrapeTimeout: '20s',
        relabelings: [
          ...shipped.relabelings,
          { targetLabel: 'cluster', replacement: 'blue' },
          { sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'nodename' },
        ],
        metricRelabelings: [
          ...shipped.metricRelabelings,
          { sourceLabels: ['__name__'], regex: 'kubenurse_request_duration.*', action: 'drop' },
        ],
      },
    ]);
  });

  test('has monitors and rules in the namespace of the values, for pods in that of the release', async () => {
    for (const [key, kind] of [
      ['serviceMonitor', 'ServiceMonitor'],
      ['podMonitor', 'PodMonitor'],
    ] as const) {
      const rendered = await render({ [key]: { enabled: true, namespace: 'monitoring' } });
      const { metadata, spec } = theOnly<WithSpec<object>>(rendered, kind);
      expect(metadata?.namespace).toBe('monitoring');
      expect(spec).toMatchObject({ namespaceSelector: { matchNames: ['kubenurse'] } });
    }
    const rules = await render({ prometheusRule: { enabled: true, namespace: 'monitoring' } });
    expect(theOnly(rules, 'PrometheusRule').metadata?.namespace).toBe('monitoring');
  });

  test('has the rules of files/prometheus-rule.yaml', async () => {
    const rule = theOnly<WithSpec<unknown>>(
      await render(variantValues('prometheus-rule')),
      'PrometheusRule',
    );
    const shipped = readFileSync(join(CHART, 'files/prometheus-rule.yaml'), 'utf8');
    expect(rule.spec).toEqual(loadYaml<WithSpec<unknown>>(shipped).spec);
  });

  test('has the dashboards of files/dashboards as ConfigMaps that Grafana finds', async () => {
    const maps = ofKind<V1ConfigMap>(await render(variantValues('dashboards')), 'ConfigMap');
    expect(maps.length).toBeGreaterThan(0);
    for (const { metadata, data = {} } of maps) {
      expect(metadata).toMatchObject({
        labels: { grafana_dashboard: '1' },
        annotations: { grafana_folder: 'Network' },
      });
      const [[file, text] = ['', '']] = Object.entries(data);
      const path = join(CHART, 'files/dashboards', file);
      expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(path, 'utf8')));
    }
  });

  test('has an HTTPRoute that publishes /alwayshappy and nothing else', async () => {
    const { spec } = theOnly<WithSpec<unknown>>(
      await render(variantValues('gateway')),
      'HTTPRoute',
    );
    expect(spec).toEqual({
      parentRefs: [{ name: 'public', namespace: 'gateways' }],
      hostnames: ['kubenurse.example.com'],
      rules: [
        {
          matches: [{ path: { type: 'Exact', value: '/alwayshappy' } }],
          backendRefs: [{ name: 'kubenurse', port: 8080 }],
        },
      ],
    });
  });

  test('has a NetworkPolicy only if the values enable it', async () => {
    expect(ofKind(await render({}), 'NetworkPolicy')).toEqual([]);
    expect(
      ofKind(await render({ networkPolicy: { enabled: true } }), 'NetworkPolicy'),
    ).toHaveLength(1);
  });

  test('has a NetworkPolicy for what it checks, and who may connect', async () => {
    const rendered = await render(variantValues('network-policy'));
    const { spec } = theOnly<V1NetworkPolicy>(rendered, 'NetworkPolicy');
    const ownPods = { podSelector: SELECTOR };
    const namespace = (name: string) => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    });
    const testPod = {
      podSelector: {
        matchLabels: {
          'app.kubernetes.io/name': 'kubenurse-test',
          'app.kubernetes.io/instance': 'kubenurse',
        },
      },
    };
    expect(spec?.ingress).toEqual([
      {
        _from: [ownPods, testPod, namespace('traefik'), namespace('monitoring')],
        ports: [{ port: 8080 }],
      },
      { _from: [ownPods], ports: [{ port: 8862, protocol: 'UDP' }] },
    ]);
    expect(spec?.egress).toEqual([
      { ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }] },
      { ports: [{ port: 443 }, { port: 6443 }] },
      { to: [ownPods], ports: [{ port: 8080 }, { port: 8862, protocol: 'UDP' }] },
      { ports: [{ port: 443 }] },
      { to: [namespace('traefik')] },
      { ports: [{ port: 4318 }] },
      { ports: [{ port: 5000 }] },
    ]);
  });
});
