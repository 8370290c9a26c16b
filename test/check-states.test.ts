import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CheckStates, outageOf } from '../src/check-states.ts';
import { metricsRecorder } from '../src/recorders.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from './support/fake-check.ts';
import { collectGarbage } from './support/garbage.ts';
import { neighbourOn } from './support/pods.ts';
import { scrapedMetrics, startingWith } from './support/scraped-metrics.ts';

const RETENTION_MS = 600_000;
const PATH = fakeCheck('path_k8s-66');

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('CheckStates keeps the series of a check while it is made', () => {
  const states = new CheckStates(RETENTION_MS);
  expect(states.isStale({ type: PATH.type })).toBe(true);
  states.update([PATH]);
  vi.advanceTimersByTime(100 * RETENTION_MS);
  expect(states.isStale({ type: PATH.type, event: 'connect_done' })).toBe(false);
  expect(states.isStale({ type: 'path_other' })).toBe(true);
});

test('upstream fault: the series of a neighbour that has left live until the restart', () => {
  const states = new CheckStates(RETENTION_MS);
  states.update([PATH]);
  states.update([]);
  vi.advanceTimersByTime(RETENTION_MS - 1);
  expect(states.isStale({ type: PATH.type })).toBe(false);
  vi.advanceTimersByTime(1);
  expect(states.isStale({ type: PATH.type })).toBe(true);
});

test('CheckStates keeps the series of a check that has come back', () => {
  const states = new CheckStates(RETENTION_MS);
  for (const wait of [RETENTION_MS / 2, RETENTION_MS * 2]) {
    states.update([PATH]);
    states.update([]);
    vi.advanceTimersByTime(wait);
    states.update([PATH]);
    vi.advanceTimersByTime(RETENTION_MS * 2);
    expect(states.isStale({ type: PATH.type })).toBe(false);
  }
});

test('CheckStates with a retention of 0 keeps no series of a removed check', () => {
  const states = new CheckStates(0);
  states.update([PATH]);
  states.update([]);
  expect(states.isStale({ type: PATH.type })).toBe(true);
});

test('CheckStates keeps the series of a type that several checks share until the last is removed', () => {
  const states = new CheckStates(RETENTION_MS);
  const [a, b] = ['a', 'b'].map((key) => fakeCheck('rotating', { key }));
  if (a === undefined || b === undefined) throw new Error('two names make two checks');
  expect(states.update([a, b]).states.map(({ check }) => check.key)).toEqual(['a', 'b']);
  expect(states.update([b]).removed.map(({ check }) => check.key)).toEqual(['a']);
  vi.advanceTimersByTime(RETENTION_MS);
  states.update([b]);
  expect(states.isStale({ type: 'rotating' }, 'kubenurse_check_success')).toBe(false);
  states.update([]);
  expect(states.isStale({ type: 'rotating' }, 'kubenurse_check_success')).toBe(true);
  expect(states.isStale({ type: 'rotating' })).toBe(false);
  vi.advanceTimersByTime(RETENTION_MS);
  expect(states.isStale({ type: 'rotating' })).toBe(true);
});

test.each([{}, { exporter: 'otlp' }, { version: '1' }])(
  'CheckStates always keeps a series without a check: %o',
  (attributes) => {
    expect(new CheckStates(0).isStale(attributes)).toBe(false);
  },
);

test('CheckStates frees checks that were removed long ago', () => {
  const states = new CheckStates(0);
  const heapAfter = (checks: number) => {
    for (let i = 0; i < checks; i++) {
      const check = fakeCheck(`path_node-${i}`);
      states.update([check]);
      states.update([]);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(20_000);
  // Some 100 bytes each if they were kept.
  expect(heapAfter(50_000) - before).toBeLessThan(2 ** 20);
});

test('CheckStates keeps the info series of a neighbour while that pod is checked', async () => {
  const states = new CheckStates(RETENTION_MS);
  const { metrics, series } = scrapedMetrics({ isStale: states.isStale });
  const recorder = metricsRecorder(metrics);
  const checkOf = (podName: string, podIP: string, zone = 'a') => {
    const neighbour = { ...neighbourOn('k8s-66', podName), podIP, zone };
    return fakeCheck(PATH.type, { target: { url: new URL(`http://${podIP}/`), neighbour } });
  };
  const info = async () => startingWith('kubenurse_neighbour_info', await series());
  const shown = (pod: string, podIP: string, zone = 'a') => ({
    [`{type="path_k8s-66",node="k8s-66",pod="${pod}",pod_ip="${podIP}",zone="${zone}"}`]: 1,
  });

  const first = checkOf('kubenurse-1', '10.0.0.1');
  states.update([first]);
  recorder.added?.(first);
  expect(await info()).toEqual(shown('kubenurse-1', '10.0.0.1'));
  expect(await info()).toEqual(shown('kubenurse-1', '10.0.0.1'));

  const second = checkOf('kubenurse-2', '10.0.0.2');
  states.update([second]);
  recorder.record({ check: second, outcome: ok() });
  expect(await info()).toEqual(shown('kubenurse-2', '10.0.0.2'));

  const moved = checkOf('kubenurse-2', '10.0.0.2', 'b');
  states.update([moved]);
  recorder.record({ check: moved, outcome: ok() });
  expect(await info()).toEqual(shown('kubenurse-2', '10.0.0.2', 'b'));

  states.update([]);
  expect(await info()).toEqual({});
  expect(await series()).toHaveProperty([
    'kubenurse_errors_total{type="path_k8s-66",event="connect_done"}',
  ]);
});

test('CheckStates keeps the current streak of each check', () => {
  const states = new CheckStates(RETENTION_MS);
  const [a, b] = states.update([fakeCheck('a'), fakeCheck('b')]).states;
  if (a === undefined || b === undefined) throw new Error('two checks have two states');
  const streaks = () => states.current().map(({ check, streak }) => [check.type, streak]);
  expect(streaks()).toEqual([
    ['a', undefined],
    ['b', undefined],
  ]);

  const since = performance.now();
  const outcome = ok();
  states.record(a, ok());
  vi.advanceTimersByTime(5_000);
  states.record(a, outcome);
  const streak = { since, lastAt: since + 5_000, results: 2, outcome };
  expect(streaks()[0]).toEqual(['a', streak]);

  states.update([a.check]);
  expect(streaks()).toEqual([['a', streak]]);
});

test('CheckStates counts the failures of an outage until a success ends it', () => {
  const states = new CheckStates(RETENTION_MS);
  const [state] = states.update([PATH]).states;
  if (state === undefined) throw new Error('a check has a state');
  expect(states.record(state, ok()).outage).toBeUndefined();
  const since = performance.now();
  const [first, second] = [failed('connect'), unexpectedStatus(503)];
  const begun = { since, lastAt: since, results: 1, outcome: first };
  expect(states.record(state, first).outage).toEqual(begun);
  vi.advanceTimersByTime(5_000);
  const outage = { since, lastAt: since + 5_000, results: 2, outcome: second };
  expect(states.record(state, second).outage).toEqual(outage);
  expect(outageOf(state)).toEqual(outage);
  expect(states.record(state, ok()).outage).toEqual(outage);
  expect(outageOf(state)).toBeUndefined();
  expect(states.record(state, ok()).outage).toBeUndefined();
});

test('CheckStates drops the gauge of the last result with its check, whatever the retention', () => {
  const states = new CheckStates(RETENTION_MS);
  const attributes = { type: PATH.type };
  states.update([PATH]);
  expect(states.isStale(attributes, 'kubenurse_check_success')).toBe(false);
  states.update([]);
  expect(states.isStale(attributes, 'kubenurse_check_success')).toBe(true);
  expect(states.isStale(attributes, 'kubenurse_errors_total')).toBe(false);
});
