import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { metricsRecorder } from '../src/recorders.ts';
import { SeriesLife } from '../src/series-life.ts';
import { fakeCheck, ok } from './support/fake-check.ts';
import { neighbourOn } from './support/pods.ts';
import { scrapedMetrics, startingWith } from './support/scraped-metrics.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const RETENTION_MS = 600_000;
const PATH = fakeCheck('path_k8s-66');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('SeriesLife wants the series of a check for as long as it is asked', () => {
  const life = new SeriesLife(RETENTION_MS);
  expect(life.isWanted({ type: PATH.type })).toBe(false);
  life.recorder.begin?.(PATH);
  vi.advanceTimersByTime(100 * RETENTION_MS);
  expect(life.isWanted({ type: PATH.type, event: 'connect_done' })).toBe(true);
  expect(life.isWanted({ type: 'path_other' })).toBe(false);
});

test('upstream fault: the series of a neighbour that has left live until the restart', () => {
  const life = new SeriesLife(RETENTION_MS);
  life.recorder.begin?.(PATH);
  life.recorder.end?.(PATH);
  vi.advanceTimersByTime(RETENTION_MS - 1);
  expect(life.isWanted({ type: PATH.type })).toBe(true);
  vi.advanceTimersByTime(1);
  expect(life.isWanted({ type: PATH.type })).toBe(false);
});

test('SeriesLife wants those of a check that has come back', () => {
  const life = new SeriesLife(RETENTION_MS);
  for (const wait of [RETENTION_MS / 2, RETENTION_MS * 2]) {
    life.recorder.begin?.(PATH);
    life.recorder.end?.(PATH);
    vi.advanceTimersByTime(wait);
    life.recorder.begin?.(PATH);
    vi.advanceTimersByTime(RETENTION_MS * 2);
    expect(life.isWanted({ type: PATH.type })).toBe(true);
  }
});

test('SeriesLife with a retention of 0 wants none of a check that has ended', () => {
  const life = new SeriesLife(0);
  life.recorder.begin?.(PATH);
  life.recorder.end?.(PATH);
  expect(life.isWanted({ type: PATH.type })).toBe(false);
});

test.each([{}, { exporter: 'otlp' }, { version: '1' }])(
  'SeriesLife always wants a series of no check: %o',
  (attributes) => {
    expect(new SeriesLife(0).isWanted(attributes)).toBe(true);
  },
);

test('SeriesLife keeps nothing of the checks that have ended long ago', () => {
  const life = new SeriesLife(0);
  const heapAfter = (checks: number) => {
    for (let i = 0; i < checks; i++) {
      const check = fakeCheck(`path_node-${i}`);
      life.recorder.begin?.(check);
      life.recorder.end?.(check);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(20_000);
  // Some 100 bytes each if they were kept.
  expect(heapAfter(50_000) - before).toBeLessThan(2 ** 20);
});

test('SeriesLife wants what is told of a neighbour for as long as that pod is asked', async () => {
  const life = new SeriesLife(RETENTION_MS);
  const { metrics, series } = scrapedMetrics({ keep: life.isWanted });
  const recorders = [life.recorder, metricsRecorder(metrics)];
  const checkOf = (podName: string, podIP: string, zone = 'a') => {
    const neighbour = { ...neighbourOn('k8s-66', podName), podIP, zone };
    return fakeCheck(PATH.type, { target: { url: new URL(`http://${podIP}/`), neighbour } });
  };
  const info = async () => startingWith('kubenurse_neighbour_info', await series());
  const shown = (pod: string, podIP: string, zone = 'a') => ({
    [`{type="path_k8s-66",node="k8s-66",pod="${pod}",pod_ip="${podIP}",zone="${zone}"}`]: 1,
  });

  const first = checkOf('kubenurse-1', '10.0.0.1');
  for (const { begin } of recorders) begin?.(first);
  expect(await info()).toEqual(shown('kubenurse-1', '10.0.0.1'));
  expect(await info()).toEqual(shown('kubenurse-1', '10.0.0.1'));

  const second = checkOf('kubenurse-2', '10.0.0.2');
  for (const { record } of recorders) record({ check: second, outcome: ok() });
  expect(await info()).toEqual(shown('kubenurse-2', '10.0.0.2'));

  const moved = checkOf('kubenurse-2', '10.0.0.2', 'b');
  for (const { record } of recorders) record({ check: moved, outcome: ok() });
  expect(await info()).toEqual(shown('kubenurse-2', '10.0.0.2', 'b'));

  for (const { end } of recorders) end?.(moved);
  expect(await info()).toEqual({});
  expect(await series()).toHaveProperty([
    'kubenurse_errors_total{type="path_k8s-66",event="connect_done"}',
  ]);
});
