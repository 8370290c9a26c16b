import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { PushCollector } from './support/push-collector.ts';
import { ENOUGH, startListening, startProgram } from './support/start-program.ts';
import { temporaryFile } from './support/temporary-file.ts';

/** Starts the program so that it checks often and pushes to the collector often. */
function startPushing(url: string, env: Record<string, string>) {
  return startListening({
    KUBENURSE_CHECK_INTERVAL: '100ms',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    ...env,
  });
}

test.each<[string, Record<string, string>]>([
  ['OTEL_SDK_DISABLED=true', { OTEL_SDK_DISABLED: 'true' }],
  ['OTEL_METRICS_EXPORTER=none', { OTEL_METRICS_EXPORTER: 'none' }],
])('with %s no metrics are exported, and the checks continue', async (_, env) => {
  const collector = await PushCollector.start();
  const other = await PushCollector.start();
  const program = await startPushing(collector.url, {
    KUBENURSE_EXTRA_CHECKS: `other:${other.url}`,
    ...env,
  });
  await until('five checks are made', 5_000, () => other.pushes.length >= 5);
  expect((await httpGet(`${program.url}/metrics`, 10_000)).status).toBe(404);
  expect((await httpGet(`${program.url}/alive`, 10_000)).status).toBe(200);
  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
  expect(collector.pushes).toEqual([]);
});

test('OTEL_METRICS_EXPORTER=otlp serves no /metrics', async () => {
  const collector = await PushCollector.start();
  const program = await startPushing(collector.url, { OTEL_METRICS_EXPORTER: 'otlp' });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  expect((await httpGet(`${program.url}/metrics`, 10_000)).status).toBe(404);
});

test('the failure of an exporter before the metrics exist is counted, and does not stop the program', async () => {
  const module = temporaryFile(
    `export async function createExporter({ push, streams }) {
      streams.onDropped({}, 3);
      const exporter = push(async () => {});
      // It reads nothing yet, and so fails.
      await exporter.reader.forceFlush().catch(() => {});
      await exporter.reader.onForceFlush();
      return exporter;
    }`,
  );
  const program = await startListening({ OTEL_METRICS_EXPORTER: `prometheus,${module}` });
  const scraped = async (series: string) => {
    const { body } = await httpGet(`${program.url}/metrics`, 1_000);
    return Number(
      body
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  };
  expect(await scraped('kubenurse_series_dropped')).toBe(3);
  expect(await scraped(`kubenurse_export_failures_total{exporter="${module}"}`)).toBeGreaterThan(0);
});

test('an exporter that cannot be loaded prevents the start, and is named', async () => {
  const { closed, stdout } = startProgram({
    ...ENOUGH,
    KUBENURSE_SERVICE_URL: 'http://127.0.0.1',
    OTEL_METRICS_EXPORTER: './no-such-exporter.mjs',
  });
  expect(await closed).toBe(1);
  expect(JSON.parse(stdout.all.at(-1) ?? '')).toMatchObject({
    level: 'fatal',
    error: expect.stringContaining('cannot use the exporter ./no-such-exporter.mjs: '),
  });
});

test('the program holds at most 50,000 series', async () => {
  const exporter = temporaryFile(
    `export function createExporter({ streams, push }) {
      console.error('maxStreams', streams.maxStreams);
      return push(async () => {});
    }`,
  );
  const { stderr } = await startListening({ OTEL_METRICS_EXPORTER: exporter });
  await until('the exporter is made', 5_000, () => stderr.all.length > 0);
  expect(stderr.all).toContain('maxStreams 50000');
});

test('OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME override the attributes that kubenurse sets', async () => {
  const collector = await PushCollector.start();
  await startPushing(collector.url, {
    NODE_NAME: 'k8s-66',
    OTEL_RESOURCE_ATTRIBUTES: 'k8s.node.name=mine,k8s.cluster.name=a%20b,service.name=lost',
    OTEL_SERVICE_NAME: 'prober',
  });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  const { resourceMetrics } = JSON.parse(collector.pushes[0]?.body ?? '');
  const attributes = Object.fromEntries(
    resourceMetrics[0].resource.attributes.map(
      ({ key, value }: { key: string; value: { stringValue: string } }) => [key, value.stringValue],
    ),
  );
  expect(attributes).toMatchObject({
    'service.name': 'prober',
    'k8s.node.name': 'mine',
    'k8s.cluster.name': 'a b',
    'k8s.pod.name': 'kubenurse-test',
    'service.instance.id': 'kubenurse-test',
  });
});
