import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Exports, startExports } from '../../exporters/start.ts';
import { until } from '../../lab/support/until.ts';
import { exporterSettings } from '../support/exporter-settings.ts';
import { PLAIN_TLS } from '../support/plain-tls.ts';
import { EVERYTHING } from '../support/scraped-metrics.ts';
import type { Series } from './exported-series.ts';
import { type Receiver, ROWS, type Row } from './exporter-rows.ts';

/** How long anything may take, in milliseconds. */
const LIMIT_MS = 30_000;

/** Starts the exporter and its receiver, until the test has finished. */
async function started(row: Row, { interval = 20 } = {}) {
  const other = await row.open();
  onTestFinished(() => {});
  const gone = new Set<string>();
  const failures: Error[] = [];
  const exports = await startExports({
    names: [row.name],
    settings: exporterSettings(other.environment),
    environment: other.environment,
    write: (lines) => void process.stdout.write(lines),
    tls: PLAIN_TLS,
    resource: { 'service.name': 'kubenurse' },
    streams: { ...EVERYTHING, isStale: ({ type }) => gone.has(String(type)) },
    interval,
    timeout: LIMIT_MS,
    onFailure: (_, error) => failures.push(error),
    onRecovery: () => {},
  });
  onTestFinished(() => exports.shutdown(LIMIT_MS));
  const meter = exports.meter('test', '1');
  const exported = async () => {
    const series = await exportedAfterNow(exports, other);
    expect(failures).toEqual([]);
    return series;
  };
  return { other, exports, meter, gone, failures, exported };
}

/** The series of an export that begins after this call. */
async function exportedAfterNow(exports: Exports, other: Receiver): Promise<Series[]> {
  if (other.scraped) {
    const { format, parse } = other.scraped;
    return parse(String((await exports.scrape?.(format))?.body ?? ''));
  }
  const sofar = other.exports?.() ?? [];
  // One may be in flight.
  const wanted = sofar.length + 2;
  await until('two more exports', LIMIT_MS, () => (other.exports?.().length ?? 0) >= wanted);
  return other.exports?.().at(wanted - 1) ?? [];
}

/** The only series of this name and type. */
function only(series: readonly Series[], name: string, type: string): Series {
  const found = series.filter((one) => one.name === name && one.attributes.type === type);
  expect(found).toHaveLength(1);
  return found[0] as Series;
}

const counterValues = (series: readonly Series[]) =>
  Object.fromEntries(
    series
      .filter(({ name }) => name === 'checks_total')
      .map(({ attributes, value }) => [attributes.type, value]),
  );

describe.each(ROWS)('the exporter $title', (row) => {
  test('exports names, attributes and values as they were recorded', async () => {
    const { meter, exported } = await started(row);
    meter.createCounter('checks_total').add(1.5, { type: 'a', event: 'dns_done' });
    const advice = { explicitBucketBoundaries: [0.5, 10] };
    const histogram = meter.createHistogram('duration_seconds', { unit: 's', advice });
    for (const value of [0.25, 0.5, 99]) histogram.record(value, { type: 'a' });
    meter
      .createObservableGauge('level')
      .addCallback((result) => result.observe(-2.25, { type: 'a' }));

    const series = await exported();
    const metrics = {
      checks_total: 1.5,
      ...(row.omits?.includes('gauges') ? {} : { level: -2.25 }),
      ...(row.omits?.includes('histograms')
        ? {}
        : {
            duration_seconds: { count: 3, sum: 99.75, boundaries: [0.5, 10], counts: [2, 0, 1] },
          }),
    };
    expect(Object.fromEntries(series.map(({ name, value }) => [name, value]))).toEqual(metrics);
    expect(series).toHaveLength(Object.keys(metrics).length);
    expect(only(series, 'checks_total', 'a').attributes).toEqual({ type: 'a', event: 'dns_done' });
  });

  test('exports totals since the start', async () => {
    const { meter, exported } = await started(row);
    const counter = meter.createCounter('checks_total');
    counter.add(1, { type: 'a' });
    const first = only(await exported(), 'checks_total', 'a');
    expect(first.value).toBe(1);
    counter.add(2, { type: 'a' });
    expect(only(await exported(), 'checks_total', 'a')).toEqual({ ...first, value: 3 });
    expect(only(await exported(), 'checks_total', 'a')).toEqual({ ...first, value: 3 });
  });

  test('drops stale streams, which start again at 0 when they return', async () => {
    const { meter, exported, gone } = await started(row);
    const counter = meter.createCounter('checks_total');
    counter.add(5, { type: 'a' });
    counter.add(1, { type: 'b' });
    const first = await exported();
    expect(counterValues(first)).toEqual({ a: 5, b: 1 });
    gone.add('a');
    expect(counterValues(await exported())).toEqual({ b: 1 });
    gone.delete('a');
    const forgottenAt = Date.now();
    await until('the next millisecond', LIMIT_MS, () => Date.now() > forgottenAt);
    counter.add(2, { type: 'a' });
    const again = await exported();
    expect(counterValues(again)).toEqual({ a: 2, b: 1 });
    if (row.omits?.includes('starts')) return;
    const start = (series: Series[], type: string) => only(series, 'checks_total', type).start;
    expect(start(again, 'b')).toBe(start(first, 'b'));
    expect(start(again, 'a')).toBeGreaterThan(start(first, 'a') ?? Infinity);
  });

  test('closes everything, and exports what was recorded last', async () => {
    const other = await row.open();
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'run-exporter.ts'), row.name],
      {
        env: { PATH: process.env.PATH, ...other.environment },
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 2 * LIMIT_MS,
      },
    );
    const closed = new Promise((resolve) => child.once('close', (...end) => resolve(end)));
    const stdout = await text(child.stdout);
    expect(await closed).toEqual([0, null]);
    const last = other.exports?.(row.name === 'console' ? stdout : undefined).map(counterValues);
    expect(last).toEqual(other.scraped ? undefined : [{ a: 7 }]);
  });
});

describe.each(ROWS.filter(({ name }) => name !== 'prometheus'))('pushing by $title', (row) => {
  test('sends a last time at shutdown', async () => {
    const { meter, exports, other, failures } = await started(row, { interval: 3_600_000 });
    meter.createCounter('checks_total').add(7, { type: 'a' });
    await exports.shutdown(LIMIT_MS);
    expect(other.exports?.().map(counterValues)).toEqual([{ a: 7 }]);
    expect(failures).toEqual([]);
  });

  test('sends nothing after the shutdown', async () => {
    const interval = 10;
    const { meter, exported, exports, other, failures } = await started(row, { interval });
    if (other.exports === undefined) throw new Error('it does not push');
    meter.createCounter('checks_total').add(7, { type: 'a' });
    await exported();
    await exports.shutdown(LIMIT_MS);
    const sent = other.exports().length;
    let intervals = 0;
    const timer = setInterval(() => {
      intervals += 1;
    }, interval);
    await until('some intervals', LIMIT_MS, () => intervals >= 10);
    clearInterval(timer);
    expect(other.exports()).toHaveLength(sent);
    expect(failures).toEqual([]);
  });

  test.skipIf(row.name === 'console')('shuts down in time if nothing responds', async () => {
    const { meter, exports, other } = await started(row, { interval: 3_600_000 });
    other.hang?.();
    meter.createCounter('checks_total').add(7, { type: 'a' });
    const start = performance.now();
    await exports.shutdown(300);
    const milliseconds = performance.now() - start;
    expect(milliseconds).toBeGreaterThan(290);
    // Without waiting for the 10 s of an export.
    expect(milliseconds).toBeLessThan(8_000);
    expect(other.exports?.().map(counterValues)).toEqual([{ a: 7 }]);
  });
});
