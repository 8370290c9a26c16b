import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readChartFile } from '../deploy/helm/document.ts';
import { VARIABLES } from '../src/config/variables.ts';
import { readConfig } from '../src/config.ts';
import { METRIC_NAMES } from '../src/metrics.ts';

const DOCS = join(import.meta.dirname, '../docs');
const page = readFileSync(join(DOCS, 'migration.md'), 'utf8');

test('docs/migration.md names only existing variables and metrics', () => {
  const variables = page.match(/\b(KUBENURSE|KUBERNETES|OTEL)_[A-Z_]+\b/g) ?? [];
  const upstreamOnly = ['KUBENURSE_VICTORIAMETRICS_HISTOGRAM'];
  const unknown = variables.filter((name) => !(name in VARIABLES) && !upstreamOnly.includes(name));
  expect(unknown).toEqual([]);
  const metrics = page.match(/\bkubenurse_\w+[^_\W]\b/g) ?? [];
  expect(metrics.filter((name) => !METRIC_NAMES.includes(name))).toEqual([]);
});

test('docs/migration.md names the keys of upstream’s other charts that the chart rejects', () => {
  const { text } = readChartFile('templates/_mistakes.tpl');
  const keys = [...text.matchAll(/hasKey \.(\w*) "(\w+)"/g)].map(([, section, key]) =>
    section ? `${section}.${key}` : key,
  );
  expect(keys).toHaveLength(6);
  for (const key of keys) expect(page).toContain(`\`${key}\``);
});

test('the program accepts the environment of upstream’s chart, including the links to its own Service', () => {
  const config = readConfig({
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_DNS: 'kubernetes.default.svc.cluster.local',
    KUBENURSE_SERVICE_HOST: '10.96.7.1',
    KUBENURSE_SERVICE_PORT: '8080',
    KUBENURSE_PORT: 'tcp://10.96.7.1:8080',
    KUBENURSE_INGRESS_URL: 'https://dummy-kubenurse.example.com',
    KUBENURSE_SERVICE_URL: 'http://kubenurse.kube-system.svc.cluster.local:8080',
    KUBENURSE_INSECURE: 'true',
    KUBENURSE_EXTRA_CA: '',
    KUBENURSE_NAMESPACE: 'kube-system',
    KUBENURSE_NEIGHBOUR_FILTER: 'app.kubernetes.io/name=kubenurse',
    KUBENURSE_NEIGHBOUR_LIMIT: '10',
    KUBENURSE_ALLOW_UNSCHEDULABLE: 'false',
    KUBENURSE_EXTRA_CHECKS: '',
    KUBENURSE_CHECK_API_SERVER_DIRECT: 'true',
    KUBENURSE_CHECK_API_SERVER_DNS: 'true',
    KUBENURSE_CHECK_ME_INGRESS: 'true',
    KUBENURSE_CHECK_ME_SERVICE: 'true',
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_CHECK_INTERVAL: '5s',
    KUBENURSE_REUSE_CONNECTIONS: 'false',
    KUBENURSE_HISTOGRAM_BUCKETS: '',
    KUBENURSE_VICTORIAMETRICS_HISTOGRAM: 'false',
    KUBENURSE_EXPOSE_METADATA: 'false',
    KUBENURSE_SHUTDOWN_DURATION: '5s',
    KUBENURSE_USE_TLS: 'false',
    KUBENURSE_CERT_FILE: '',
    KUBENURSE_CERT_KEY: '',
  });
  expect(config.warnings).toEqual([]);
  expect(config).toMatchObject({ interval: 5_000, neighbours: { limit: 10, port: 8080 } });
});
