import type { V1DaemonSet, V1Deployment, V1Service } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { COLLECTORS, readShipped } from '../../lab/support/shipped.ts';

type Kustomization = {
  resources: string[];
  configMapGenerator: { name: string; files: string[] }[];
};

type CollectorConfiguration = {
  receivers: { otlp: { protocols: { http: { endpoint: string } } } };
  processors: { memory_limiter: object };
  exporters: { prometheus?: { endpoint: string } };
  extensions: { health_check: { endpoint: string } };
  service: {
    pipelines: { metrics: { processors: string[] } };
    telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { port: number } } } }] } };
  };
};

describe.each(COLLECTORS)('%s', (folder) => {
  const name = `kubenurse-${folder}`;
  const { resources, configMapGenerator } = readShipped<Kustomization>(
    `${folder}/kustomization.yaml`,
  );
  const [workload, service] = resources.map((file) => readShipped(`${folder}/${file}`)) as [
    V1DaemonSet | V1Deployment,
    V1Service,
  ];
  const configuration = readShipped<CollectorConfiguration>(`${folder}/collector.yaml`);
  const pod = workload.spec?.template.spec;
  const [container] = pod?.containers ?? [];

  test('the pod runs the configuration that is tested', () => {
    expect(configMapGenerator).toEqual([{ name, files: ['collector.yaml'] }]);
    expect(pod?.volumes).toEqual([{ name: 'configuration', configMap: { name } }]);
    expect(container?.volumeMounts).toEqual([
      { name: 'configuration', mountPath: '/etc/otelcol', readOnly: true },
    ]);
    expect(container?.args).toEqual(['--config=/etc/otelcol/collector.yaml']);
  });

  test('the ports are those of the configuration', () => {
    const { receivers, exporters, extensions, service: own } = configuration;
    const ports = Object.fromEntries(
      container?.ports?.map(({ name, containerPort }) => [name, `:${containerPort}`]) ?? [],
    );
    expect(ports).toEqual({
      'otlp-http': receivers.otlp.protocols.http.endpoint,
      ...(exporters.prometheus && { metrics: exporters.prometheus.endpoint }),
      'own-metrics': `:${own.telemetry.metrics.readers[0].pull.exporter.prometheus.port}`,
      health: extensions.health_check.endpoint,
    });
    for (const { name, port, targetPort } of service.spec?.ports ?? []) {
      expect([targetPort, `:${port}`]).toEqual([name, ports[name ?? '']]);
    }
  });

  test('the service selects the pods', () => {
    const labels = workload.spec?.template.metadata?.labels;
    expect(workload.spec?.selector.matchLabels).toEqual({ 'app.kubernetes.io/name': name });
    expect(service.spec?.selector).toEqual({ 'app.kubernetes.io/name': name });
    expect(labels).toMatchObject({ 'app.kubernetes.io/name': name });
  });

  test('memory is limited first, and Go collects garbage at 80 % of the limit', () => {
    expect(configuration.service.pipelines.metrics.processors[0]).toBe('memory_limiter');
    const limit = container?.resources?.limits?.memory?.match(/^(\d+)Mi$/)?.[1];
    const goLimit = container?.env?.find(({ name }) => name === 'GOMEMLIMIT')?.value;
    expect(goLimit).toBe(`${Number(limit) * 0.8}MiB`);
  });

  test('the pod has no more rights than Pod Security restricted allows, and no token', () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(pod).not.toHaveProperty('hostNetwork');
    expect(container?.ports?.some(({ hostPort }) => hostPort !== undefined)).toBe(false);
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});
