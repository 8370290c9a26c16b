import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { METRIC_NAMES } from '../src/metrics.ts';
import { PROCESS_INSTRUMENTS } from '../src/process-metrics.ts';
import { metricsRecorder } from '../src/recorders.ts';
import { failed, fakeCheck, ok } from './support/fake-check.ts';
import { neighbourOn } from './support/pods.ts';
import { scrapedMetrics, startingWith } from './support/scraped-metrics.ts';

describe('createMetrics()', () => {
  test('exports process metrics, measured at each scrape', async () => {
    const { series } = scrapedMetrics();
    const first = startingWith('process_', await series());
    expect(Object.keys(first).sort()).toEqual(
      Object.values(PROCESS_INSTRUMENTS)
        .map(({ name }) => name.replace('process_', ''))
        .sort(),
    );
    const startedAgo = Date.now() / 1000 - (first.start_time_seconds ?? 0);
    expect(startedAgo).toBeGreaterThan(0);
    // `uptime()` counts from the start of the process; a worker's time origin is later.
    expect(startedAgo).toBeLessThan(process.uptime() + 1);
    expect(first.resident_memory_bytes).toBeGreaterThan(10_000_000);
    expect(first.resident_memory_bytes).toBeLessThan(4_000_000_000);

    const used = process.cpuUsage();
    while (process.cpuUsage(used).user < 50_000);
    const second = startingWith('process_', await series());
    const cpuSeconds = (second.cpu_seconds_total ?? 0) - (first.cpu_seconds_total ?? 0);
    expect(cpuSeconds).toBeGreaterThanOrEqual(0.05);
    expect(cpuSeconds).toBeLessThan(10);
  });

  test('counts the CPU time of the process, including kernel time', async () => {
    const { series } = scrapedMetrics();
    const inSeconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;
    while (process.cpuUsage().system < 20_000) readdirSync('/proc/self/fd');
    const before = inSeconds(process.cpuUsage());
    const { process_cpu_seconds_total: shown } = await series();
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThanOrEqual(inSeconds(process.cpuUsage()));
  });

  test('reads memory, threads and I/O from /proc', async () => {
    const { series } = scrapedMetrics();
    const fields = (path: string) =>
      Object.fromEntries(
        [...readFileSync(path, 'latin1').matchAll(/^(\w+):\s*(\d+)/gm)].map(
          ([, name, value]) => [name, Number(value)] as const,
        ),
      );
    const before = fields('/proc/self/io');
    const shown = startingWith('process_', await series());
    const status = fields('/proc/self/status');
    const after = fields('/proc/self/io');
    const kilobytes = (name: string) => (shown[name] ?? NaN) / 1024;
    const near = (value: number | undefined) => Math.max(0.2 * (value ?? NaN), 4_096);
    for (const [name, field] of [
      ['resident_memory_anon_bytes', 'RssAnon'],
      ['resident_memory_file_bytes', 'RssFile'],
      ['resident_memory_shared_bytes', 'RssShmem'],
      ['resident_memory_peak_bytes', 'VmHWM'],
      ['virtual_memory_bytes', 'VmSize'],
      ['virtual_memory_peak_bytes', 'VmPeak'],
    ] as const) {
      expect(Math.abs(kilobytes(name) - (status[field] ?? NaN)), name).toBeLessThan(
        near(status[field]),
      );
    }
    expect(shown.num_threads).toBe(status.Threads);
    for (const [name, field] of [
      ['io_read_bytes_total', 'rchar'],
      ['io_written_bytes_total', 'wchar'],
      ['io_read_syscalls_total', 'syscr'],
      ['io_write_syscalls_total', 'syscw'],
      ['io_storage_read_bytes_total', 'read_bytes'],
      ['io_storage_written_bytes_total', 'write_bytes'],
    ] as const) {
      expect(shown[name], name).toBeGreaterThanOrEqual(before[field] ?? NaN);
      expect(shown[name], name).toBeLessThanOrEqual(after[field] ?? NaN);
    }
    expect(shown.max_fds).toBeGreaterThanOrEqual(shown.open_fds ?? NaN);
    expect(shown.virtual_memory_max_bytes).toBeGreaterThanOrEqual(
      shown.virtual_memory_bytes ?? NaN,
    );
    expect(
      (shown.cpu_seconds_user_total ?? NaN) + (shown.cpu_seconds_system_total ?? NaN),
    ).toBeCloseTo(shown.cpu_seconds_total ?? NaN, 5);
    expect(shown.minor_pagefaults_total).toBeGreaterThan(1_000);
  });

  test('counts the open file descriptors', async () => {
    const { series } = scrapedMetrics();
    const before = (await series()).process_open_fds ?? 0;
    const opened = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
    const after = (await series()).process_open_fds ?? 0;
    const listed = readdirSync('/proc/self/fd').length;
    opened.forEach(closeSync);
    expect(after - before).toBeGreaterThanOrEqual(15);
    expect(Math.abs(after - listed)).toBeLessThan(10);
  });

  test('exports the number of incomingChecks', async () => {
    const { series } = scrapedMetrics({ incomingChecks: 7 });
    expect((await series()).kubenurse_neighbourhood_incoming_checks).toBe(7);
  });

  test('exports the versions of kubenurse and of Node.js', async () => {
    const { series } = scrapedMetrics({ version: '4.5.6' });
    expect(startingWith('kubenurse_build_info', await series())).toEqual({
      [`{version="4.5.6",nodejs_version="${process.versions.node}"}`]: 1,
    });
  });

  test('records the delays of the event loop', async () => {
    const { metrics, series } = scrapedMetrics();
    metrics.eventLoopDelay.record(0);
    metrics.eventLoopDelay.record(0.25);
    const delay = startingWith('kubenurse_event_loop_delay_seconds', await series());
    expect(delay).toMatchObject({ _count: 2, _sum: 0.25, '_bucket{le="0.01"}': 1 });
  });

  test('counts failed exports, dropped series and dropped log lines', async () => {
    const exportHealth = { failures: new Map([['otlp', 2]]), droppedSeries: 3 };
    const { series } = scrapedMetrics({ exportHealth, droppedLogLines: () => 4 });
    expect(await series()).toMatchObject({
      'kubenurse_export_failures_total{exporter="otlp"}': 2,
      kubenurse_series_dropped: 3,
      kubenurse_log_lines_dropped_total: 4,
    });
    exportHealth.failures.set('otlp', 5);
    expect(await series()).toMatchObject({ 'kubenurse_export_failures_total{exporter="otlp"}': 5 });
  });

  test.each(METRIC_NAMES)('exports %s unless it is disabled', async (name) => {
    const everything = async (disabled: string[]) => {
      const exposeMetadata = true;
      const { metrics, scrape } = scrapedMetrics({ disabled, exposeMetadata });
      const recorder = metricsRecorder(metrics);
      const target = { url: new URL('http://10.0.0.1/'), neighbour: neighbourOn('k8s-66') };
      const check = fakeCheck('path_k8s-66', { target, role: 'suspect' });
      recorder.record({ check, outcome: ok({ got_conn: 0.1 }) });
      recorder.record({ check, outcome: failed('connect') });
      const udp = { sent: 1, duplicated: 0, reordered: 0, rtts: [0.001], jitter: 0.001 };
      const lost = { forward: 0, backward: 0, unknown: 0 };
      const certificates = { leaf: 1, earliest: 1 };
      recorder.record({ check, outcome: { ...ok(), certificates, udp: { ...udp, lost } } });
      metrics.eventLoopDelay.record(0);
      metrics.eventLoopActive.record(0);
      const { body } = await scrape();
      return [...body.matchAll(/^# TYPE (\S+)/gm)].map(([, family]) => family).sort();
    };
    expect(await everything([])).toEqual([...METRIC_NAMES].sort());
    expect(await everything([name])).toEqual(METRIC_NAMES.filter((it) => it !== name).sort());
  });
});
