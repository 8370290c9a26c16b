import { closeSync, openSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scrapedMetrics, startingWith } from './scraped-metrics.ts';

test('createMetrics() gives the process, measured at each scrape', async () => {
  const { series } = scrapedMetrics();
  const first = startingWith('process_', await series());
  expect(Object.keys(first).sort()).toEqual([
    'cpu_seconds_total',
    'open_fds',
    'resident_memory_bytes',
    'start_time_seconds',
  ]);
  const startedAgo = Date.now() / 1000 - (first.start_time_seconds ?? 0);
  expect(startedAgo).toBeGreaterThan(0);
  // `uptime()` counts from the process's start, a worker's time origin is later.
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

test('createMetrics() counts the open file descriptors', async () => {
  const { series } = scrapedMetrics();
  const before = (await series()).process_open_fds ?? 0;
  const opened = Array.from({ length: 20 }, () => openSync('/dev/null', 'r'));
  const after = (await series()).process_open_fds ?? 0;
  const listed = readdirSync('/proc/self/fd').length;
  opened.forEach(closeSync);
  expect(after - before).toBeGreaterThanOrEqual(15);
  expect(Math.abs(after - listed)).toBeLessThan(10);
});

test('createMetrics() gives the number of callers', async () => {
  const { series } = scrapedMetrics({ callers: 7 });
  expect((await series()).kubenurse_neighbourhood_incoming_checks).toBe(7);
});
