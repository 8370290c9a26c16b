import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml, type V1DaemonSet, type V1Service } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import {
  readChartFile,
  readmeWith,
  readValues,
  schemaWith,
  type Value,
} from '../deploy/helm/document.ts';
import packageJson from '../package.json' with { type: 'json' };
import { VARIABLES } from '../src/config/variables.ts';

type ServiceMonitor = { spec: { endpoints: { port: string }[] } };
type Schema = { $ref?: string; properties?: Record<string, Schema> };

const DEPLOY = join(import.meta.dirname, '../deploy');

const values = readValues();
const schema = JSON.parse(readChartFile('values.schema.json').text) as Schema;

function readYaml<Content>(file: string): Content {
  return loadYaml<Content>(readFileSync(join(DEPLOY, file), 'utf8'));
}

/** The keys that have an entry in the schema, except those within Kubernetes objects. */
function keysOf({ properties = {} }: Schema, path: readonly string[] = []): string[] {
  return Object.entries(properties).flatMap(([name, part]) => {
    const key = [...path, name];
    return [key.join('.'), ...(isKey(key.join('.')) ? keysOf(part, key) : [])];
  });
}

function isKey(key: string): boolean {
  return values.some((value: Value) => value.key === key && value.fallback === '');
}

test('the chart’s README has the table that document.ts generates from values.yaml', () => {
  const { text } = readChartFile('README.md');
  expect(text).toBe(readmeWith(values, text));
});

test('the chart’s schema has the keys of values.yaml, described by their comments', () => {
  expect(schema).toEqual(schemaWith(values, schema));
  const known = values.map(({ key }) => key);
  const forParents = ['global', 'enabled', 'tags'];
  // Rejected by templates/_mistakes.tpl with an explanation, which the schema cannot give.
  const gone = [
    'httpRoute.rules',
    'rbac.allow_unschedulable',
    'daemonset.securityContext',
    'namespace',
    'check_api_me_ingress',
    'check_api_me_service',
  ];
  expect(
    keysOf(schema)
      .filter((key) => !known.includes(key))
      .toSorted(),
  ).toEqual([...forParents, ...gone].toSorted());
});

test('the chart has a value for every setting of the program', () => {
  const text = readChartFile('values.yaml').text;
  const byOthers = /^(KUBERNETES_SERVICE_(HOST|PORT)|POD_|NODE_NAME|KUBENURSE_NAMESPACE|OTEL_)/;
  // Settings that require extraEnv.
  const rare = ['KUBENURSE_RESOLV_CONF', 'KUBENURSE_LISTEN_ADDRESS'];
  const settings = Object.keys(VARIABLES).filter((name) => !byOthers.test(name));
  expect(settings.filter((name) => !text.includes(`\`${name}\``))).toEqual(rare);
});

test('the Service’s port has upstream’s name and reaches the pods of both programs, in chart and base', () => {
  const { spec } = readYaml<V1Service>('kustomize/base/service.yaml');
  // By number, because the containers of upstream's pods do not name their port.
  expect(spec?.ports).toEqual([{ name: '8080-8080', port: 8080, targetPort: 8080 }]);
  const { service } = readYaml<{ service: object }>('helm/kubenurse/values.yaml');
  expect(service).toMatchObject({ name: '8080-8080', port: 8080 });
  const template = readChartFile('templates/service.yaml').text;
  expect(template).toContain('targetPort: {{ int .Values.port }}');
  expect(template).toContain('targetPort: {{ int .Values.tls_port }}');
  const monitor = readYaml<ServiceMonitor>('monitoring/service-monitor.yaml');
  expect(monitor.spec.endpoints.map(({ port }) => port)).toEqual(['8080-8080']);
});

test('no startup or liveness probe requests /ready, which returns 503 on a cordoned node', () => {
  const { spec } = readYaml<V1DaemonSet>('kustomize/base/daemonset.yaml');
  const [container] = spec?.template.spec?.containers ?? [];
  for (const probe of [container?.startupProbe, container?.livenessProbe]) {
    expect(probe?.httpGet?.path).toBe('/alwayshappy');
  }
});

test('the chart has the program’s version', () => {
  const chart = loadYaml(readChartFile('Chart.yaml').text);
  expect(chart).toMatchObject({ version: packageJson.version, appVersion: packageJson.version });
});

test('deploy/monitoring includes every dashboard of the chart, through the kustomization beside them', () => {
  type Kustomization = { resources: string[]; configMapGenerator: { files: string[] }[] };
  const monitoring = readYaml<Kustomization>('monitoring/kustomization.yaml');
  expect(monitoring.resources).toContain('../helm/kubenurse/files');
  const { configMapGenerator } = readYaml<Kustomization>('helm/kubenurse/files/kustomization.yaml');
  const dashboards = readdirSync(join(DEPLOY, 'helm/kubenurse/files/dashboards'));
  expect(configMapGenerator.flatMap(({ files }) => files).toSorted()).toEqual(
    dashboards.map((name) => `dashboards/${name}`).toSorted(),
  );
});
