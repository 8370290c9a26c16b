import { spawnSync } from 'node:child_process';
import type { Attributes } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Format } from '../../exporters/exporter.ts';
import { createExporter } from '../../exporters/prometheus.ts';
import { metricsRecorder } from '../../src/recorders.ts';
import { exporterSettings } from '../support/exporter-settings.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from '../support/fake-check.ts';
import { PLAIN_TLS } from '../support/plain-tls.ts';
import { neighbourOn } from '../support/pods.ts';
import { EVERYTHING, scrapedMetrics, seriesOf } from '../support/scraped-metrics.ts';

afterEach(() => {
  vi.useRealTimers();
});

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Names and types of the contract, and of kubenurse's additions to it. */
const TYPES = {
  kubenurse_request_duration: 'histogram',
  kubenurse_errors_total: 'counter',
  kubenurse_httpclient_request_duration_seconds: 'histogram',
  kubenurse_httpclient_trace_request_duration_seconds: 'histogram',
  kubenurse_httpclient_requests_total: 'counter',
  kubenurse_check_success: 'gauge',
  kubenurse_check_failures_total: 'counter',
  kubenurse_tcp_rtt_seconds: 'histogram',
  kubenurse_tcp_segments_sent_total: 'counter',
  kubenurse_tcp_segments_retransmitted_total: 'counter',
  kubenurse_neighbourhood_incoming_checks: 'gauge',
  kubenurse_neighbour_info: 'gauge',
  kubenurse_build_info: 'gauge',
  kubenurse_event_loop_delay_seconds: 'histogram',
  kubenurse_event_loop_active_seconds: 'histogram',
  kubenurse_export_failures_total: 'counter',
  kubenurse_series_dropped: 'gauge',
  kubenurse_log_lines_dropped_total: 'counter',
  process_cpu_seconds_total: 'counter',
  process_cpu_seconds_user_total: 'counter',
  process_cpu_seconds_system_total: 'counter',
  process_start_time_seconds: 'gauge',
  process_resident_memory_bytes: 'gauge',
  process_resident_memory_anon_bytes: 'gauge',
  process_resident_memory_file_bytes: 'gauge',
  process_resident_memory_shared_bytes: 'gauge',
  process_resident_memory_peak_bytes: 'gauge',
  process_virtual_memory_bytes: 'gauge',
  process_virtual_memory_peak_bytes: 'gauge',
  process_virtual_memory_max_bytes: 'gauge',
  process_num_threads: 'gauge',
  process_minor_pagefaults_total: 'counter',
  process_major_pagefaults_total: 'counter',
  process_io_read_bytes_total: 'counter',
  process_io_written_bytes_total: 'counter',
  process_io_read_syscalls_total: 'counter',
  process_io_write_syscalls_total: 'counter',
  process_io_storage_read_bytes_total: 'counter',
  process_io_storage_written_bytes_total: 'counter',
  process_open_fds: 'gauge',
  process_max_fds: 'gauge',
};

/** A scrape after results of every kind. */
async function scrape({ exposeMetadata = false, format = 'text' as Format } = {}) {
  const boundaries = [0.0005, 0.001, 2.5];
  const { metrics, scrape } = scrapedMetrics({ exposeMetadata, boundaries });
  const recorder = metricsRecorder(metrics);
  const url = new URL('http://10.0.0.1:8080/alwayshappy');
  const target = { url, neighbour: neighbourOn('k8s-66') };
  const check = fakeCheck('path_k8s-66', { target });
  recorder.added?.(check);
  for (const outcome of [ok({ got_conn: 0.0007 }), unexpectedStatus(503), failed('connect')]) {
    recorder.record({ check, outcome });
  }
  metrics.eventLoopDelay.record(0);
  metrics.eventLoopActive.record(0);
  return scrape(format);
}

/** Scrapes an exporter with one gauge. */
function gaugeOf(observe: (level: (value: number) => void) => void | Promise<void>) {
  const { reader, scrape } = createExporter({
    settings: exporterSettings({ KUBENURSE_EXPOSE_METADATA: 'false' }),
    environment: {},
    write: () => {},
    tls: PLAIN_TLS,
    streams: EVERYTHING,
    push: () => {
      throw new Error('Prometheus is not pushed to');
    },
  });
  const provider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => provider.shutdown().catch(() => {}));
  provider
    .getMeter('test')
    .createObservableGauge('level')
    .addCallback((result) => observe((value) => result.observe(value)));
  return async () => scrape?.('text');
}

describe('the scrape', () => {
  test('has the names and types of the contract, and help for each', async () => {
    const { contentType, body } = await scrape({ exposeMetadata: true });
    expect(contentType).toBe(TEXT);
    const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, ...type]) => type);
    expect(Object.fromEntries(types)).toEqual(TYPES);
    expect(types).toHaveLength(Object.keys(TYPES).length);
    for (const name of Object.keys(TYPES)) {
      expect(body).toMatch(new RegExp(`^# HELP ${name} [A-Z].+\\.$`, 'm'));
    }
    expect(body.endsWith('\n')).toBe(true);
  });

  test('has no series that the contract does not name, and no labels but its own', async () => {
    const { body } = await scrape();
    const lines = body.trimEnd().split('\n');
    const names = lines.map((line) => line.replace(/(_bucket|_sum|_count)?(\{.*)? \S+$/, ''));
    expect(new Set(names)).toEqual(new Set(Object.keys(TYPES)));
    const labels = lines
      .filter((line) => !/_info\{/.test(line))
      .flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
    expect(new Set(labels)).toEqual(new Set(['type', 'event', 'cause', 'code', 'le', 'exporter']));
    expect(body).not.toMatch(/otel|target_info|service_name/);
  });

  test('has the buckets that it was given', async () => {
    const { body } = await scrape();
    const buckets = body.matchAll(/^kubenurse_httpclient_trace_.*_bucket\{.*le="(.*)"\} (.*)$/gm);
    expect([...buckets].map(([, ...bucket]) => bucket)).toEqual([
      ['0.0005', '0'],
      ['0.001', '1'],
      ['2.5', '1'],
      ['+Inf', '1'],
    ]);
  });

  test('keeps more than the 2,000 series that the SDK allows by default', async () => {
    const { metrics, series } = scrapedMetrics();
    for (let i = 0; i < 5_000; i++) metrics.errors.add(1, { type: `path_${i}`, event: 'a' });
    const names = Object.keys(await series());
    expect(names.filter((name) => name.startsWith('kubenurse_errors_total'))).toHaveLength(5_000);
    expect(names.join()).not.toContain('overflow');
  });

  test('rejects if a part cannot be collected', async () => {
    const failing = gaugeOf(() => {
      throw new Error('no level');
    });
    await expect(failing()).rejects.toThrow('cannot collect metrics: Error: no level');
    const rejecting = gaugeOf(() => Promise.reject(new Error('no level')));
    await expect(rejecting()).rejects.toThrow('cannot collect metrics');
  });

  test('rejects if a part is not collected within 5 s', async () => {
    vi.useFakeTimers();
    const never = gaugeOf(() => new Promise(() => {}));
    const rejected = expect(never()).rejects.toThrow(/cannot collect metrics.*timed/);
    await vi.advanceTimersByTimeAsync(5_000);
    await rejected;
  });

  test('is complete for each of many concurrent scrapers', async () => {
    const { scrape } = scrapedMetrics();
    const names = (body: string) => Object.keys(seriesOf(body)).sort();
    const alone = names((await scrape()).body);
    expect(alone).toContain('process_open_fds');
    for (const { body } of await Promise.all([scrape(), scrape(), scrape()])) {
      expect(names(body)).toEqual(alone);
    }
  });

  test('works again after it has failed', async () => {
    let fails = true;
    const scrape = gaugeOf((level) => {
      if (fails) throw new Error('no level');
      level(3);
    });
    await expect(scrape()).rejects.toThrow();
    fails = false;
    expect(await scrape()).toMatchObject({ body: 'level 3\n' });
  });
});

test.each<[Format, string]>([
  ['text', TEXT],
  ['openmetrics', OPENMETRICS],
])('a scrape as %s has its content type, and its end', async (format, expected) => {
  const { contentType, body } = await scrape({ format });
  expect(contentType).toBe(expected);
  expect(body.endsWith('# EOF\n')).toBe(format === 'openmetrics');
});

test('a counter that was dropped and comes back has the time of its return as _created', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
  let isWanted = true;
  const isStale = ({ type }: Attributes) => type !== undefined && !isWanted;
  const { metrics, scrape } = scrapedMetrics({ isStale });
  const created = async () => {
    const { body } = await scrape('openmetrics');
    return /^kubenurse_errors_created\S+ (\S+)$/m.exec(body)?.[1];
  };
  metrics.errors.add(1, { type: 'me_service' });
  expect(await created()).toBe('1700000000.000');

  isWanted = false;
  vi.setSystemTime(1_700_000_010_000);
  expect(await created()).toBeUndefined();
  isWanted = true;
  metrics.errors.add(1, { type: 'me_service' });
  vi.setSystemTime(1_700_000_020_000);
  expect(await created()).toBe('1700000010.000');
  vi.setSystemTime(1_700_000_030_000);
  expect(await created()).toBe('1700000010.000');
});

const promtool = spawnSync('promtool', ['--version']);

test.skipIf(promtool.error !== undefined)('promtool accepts a scrape', async () => {
  const { body } = await scrape({ exposeMetadata: true });
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: body });
  expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
});
