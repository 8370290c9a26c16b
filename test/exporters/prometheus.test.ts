import { spawnSync } from 'node:child_process';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { PrometheusExporter } from '../../exporters/prometheus.ts';
import { metricsRecorder } from '../../src/recorders.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from '../fake-check.ts';
import { scrapedMetrics } from '../scraped-metrics.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Names and types of the contract. */
const TYPES = {
  kubenurse_request_duration: 'histogram',
  kubenurse_errors_total: 'counter',
  kubenurse_httpclient_request_duration_seconds: 'histogram',
  kubenurse_httpclient_trace_request_duration_seconds: 'histogram',
  kubenurse_httpclient_requests_total: 'counter',
  kubenurse_neighbourhood_incoming_checks: 'gauge',
  process_resident_memory_bytes: 'gauge',
  process_open_fds: 'gauge',
  process_cpu_seconds_total: 'counter',
  process_start_time_seconds: 'gauge',
};

/** A scrape after results of every kind. */
async function scrape(exposeMetadata: boolean, type = 'path_k8s-66') {
  const boundaries = [0.0005, 0.001, 2.5];
  const { metrics, exporter } = scrapedMetrics({ exposeMetadata, boundaries });
  const recorder = metricsRecorder(metrics);
  const check = fakeCheck(type);
  recorder.begin?.(check);
  for (const outcome of [ok({ got_conn: 0.0007 }), unexpectedStatus(503), failed('connect')]) {
    recorder.record({ check, outcome });
  }
  return exporter.scrape();
}

/** An exporter with one gauge. */
function gaugeOf(observe: (signal: (value: number) => void) => void | Promise<void>) {
  const exporter = new PrometheusExporter({ exposeMetadata: false });
  const provider = new MeterProvider({ readers: [exporter] });
  onTestFinished(() => provider.shutdown().catch(() => {}));
  provider
    .getMeter('test')
    .createObservableGauge('level')
    .addCallback((result) => observe((value) => result.observe(value)));
  return exporter;
}

describe('PrometheusExporter.scrape()', () => {
  test('has the names and types of the contract, and help for each', async () => {
    const { contentType, body } = await scrape(true);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [
      name,
      type,
    ]);
    expect(Object.fromEntries(types)).toEqual(TYPES);
    expect(types).toHaveLength(Object.keys(TYPES).length);
    for (const name of Object.keys(TYPES)) {
      expect(body).toMatch(new RegExp(`^# HELP ${name} [A-Z].+\\.$`, 'm'));
    }
    expect(body.endsWith('\n')).toBe(true);
  });

  test('has no series that the contract does not name, and no labels but its own', async () => {
    const { body } = await scrape(false);
    const lines = body.trimEnd().split('\n');
    const names = lines.map((line) => line.replace(/(_bucket|_sum|_count)?(\{.*)? \S+$/, ''));
    expect(new Set(names)).toEqual(new Set(Object.keys(TYPES)));
    const labels = lines.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, l]) => l));
    expect(new Set(labels)).toEqual(new Set(['type', 'event', 'code', 'le']));
    expect(body).not.toMatch(/otel|target_info|service_name/);
  });

  test('has the buckets that it was given, cumulative, and +Inf', async () => {
    const { body } = await scrape(false);
    const buckets = body
      .split('\n')
      .filter((line) => line.startsWith('kubenurse_httpclient_trace_request_duration_seconds_b'))
      .map((line) => /le="(.*)"\} (.*)$/.exec(line)?.slice(1));
    expect(buckets).toEqual([
      ['0.0005', '0'],
      ['0.001', '1'],
      ['2.5', '1'],
      ['+Inf', '1'],
    ]);
  });

  test('leaves no comment line without metadata, and the same series', async () => {
    const series = (body: string) =>
      body.split('\n').filter((line) => !line.startsWith('#') && !line.startsWith('process_'));
    const { body } = await scrape(false);
    expect(body).not.toMatch(/^#/m);
    expect(series(body)).toEqual(series((await scrape(true)).body));
  });

  test('escapes the values of labels', async () => {
    const { body } = await scrape(false, 'a "quoted" \\ back\nslash and\n# TYPE line');
    const line = 'type="a \\"quoted\\" \\\\ back\\nslash and\\n# TYPE line"';
    expect(body).toContain(`kubenurse_httpclient_requests_total{${line},code="200"} 1\n`);
    expect(body).not.toMatch(/^#/m);
  });

  test.each([true, false])('is whole where there is no metric, metadata: %s', async (metadata) => {
    const exporter = new PrometheusExporter({ exposeMetadata: metadata });
    const provider = new MeterProvider({ readers: [exporter] });
    onTestFinished(() => provider.shutdown());
    const { body } = await exporter.scrape();
    expect(body).toBe(metadata ? '# no registered metrics\n' : '');
  });

  test('keeps more than the 2,000 series that the SDK allows by default', async () => {
    const { metrics, series } = scrapedMetrics();
    for (let i = 0; i < 5_000; i++) metrics.errors.add(1, { type: `path_${i}`, event: 'a' });
    const names = Object.keys(await series());
    expect(names.filter((name) => name.startsWith('kubenurse_errors_total'))).toHaveLength(5_000);
    expect(names.join()).not.toContain('overflow');
  });

  test('rejects where a part cannot be collected', async () => {
    const failing = gaugeOf(() => {
      throw new Error('no level');
    });
    await expect(failing.scrape()).rejects.toThrow('metrics cannot be collected: Error: no level');
    const rejecting = gaugeOf(() => Promise.reject(new Error('no level')));
    await expect(rejecting.scrape()).rejects.toThrow('metrics cannot be collected');
  });

  test('rejects where a part is not collected within 5 s', async () => {
    vi.useFakeTimers();
    const never = gaugeOf(() => new Promise(() => {}));
    const rejected = expect(never.scrape()).rejects.toThrow(/metrics cannot be collected.*timed/);
    await vi.advanceTimersByTimeAsync(5_000);
    await rejected;
  });

  test('works again after it has failed', async () => {
    let fails = true;
    const exporter = gaugeOf((observe) => {
      if (fails) throw new Error('no level');
      observe(3);
    });
    await expect(exporter.scrape()).rejects.toThrow();
    fails = false;
    expect((await exporter.scrape()).body).toBe('level 3\n');
  });
});

const promtool = spawnSync('promtool', ['--version']);

test.skipIf(promtool.error !== undefined)('promtool has nothing to say of a scrape', async () => {
  const { body } = await scrape(true);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body });
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
});
