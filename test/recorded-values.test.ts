import { expect, test, vi } from 'vitest';
import type { Check, Outcome } from '../src/model.ts';
import { traitsOfTarget } from '../src/probes/kinds.ts';
import { RecordedValues } from '../src/recorded-values.ts';
import { metricsRecorder } from '../src/recorders.ts';
import { failed, fakeCheck, ok } from './support/fake-check.ts';
import { useFakeClock } from './support/fake-clock.ts';
import { scrapedMetrics, startingWith } from './support/scraped-metrics.ts';

useFakeClock();

const CERTIFICATES = { leaf: 2_000_000_000, earliest: 1_900_000_000 };
const NEIGHBOUR = {
  podName: 'kubenurse-1',
  namespace: 'monitoring',
  podIP: '10.0.0.1',
  hostIP: '10.1.0.1',
  nodeName: 'node-2',
  phase: 'Running',
  zone: 'a',
};
const RESULT: Outcome = { ...ok(), certificates: CERTIFICATES };

/** A check of a neighbour. */
function path(podName: string, role?: 'suspect'): Check {
  const url = new URL('http://10.0.0.1:8080/');
  const target = { url, neighbour: { ...NEIGHBOUR, podName } };
  return fakeCheck('path_node-2', { target, ...(role ? { role } : {}) });
}

/** A recorder; `counts()` returns how often it has recorded each metric since the last call. */
function countedRecorder() {
  const { metrics, series } = scrapedMetrics();
  const recorder = metricsRecorder(metrics);
  const spies = {
    info: vi.spyOn(metrics.neighbourInfo, 'record'),
    suspect: vi.spyOn(metrics.neighbourSuspect, 'record'),
    success: vi.spyOn(metrics.checkSuccess, 'record'),
    certificates: vi.spyOn(metrics.certificateNotAfter, 'record'),
    retransmitted: vi.spyOn(metrics.tcpSegmentsRetransmitted, 'add'),
    lost: vi.spyOn(metrics.udpPacketsLost, 'add'),
  };
  const counts = () => {
    const calls = Object.entries(spies).map(([name, spy]) => [name, spy.mock.calls.length]);
    for (const spy of Object.values(spies)) spy.mockClear();
    return Object.fromEntries(calls.filter(([, count]) => count !== 0));
  };
  return { recorder, series, counts };
}

const ALL = { info: 1, success: 1, certificates: 2, retransmitted: 1 };

test('metricsRecorder() records an unchanged value once', () => {
  const { recorder, counts } = countedRecorder();
  const check = path('kubenurse-1');
  recorder.added?.(check);
  recorder.record({ check, outcome: RESULT });
  expect(counts()).toEqual(ALL);
  recorder.record({ check, outcome: RESULT });
  recorder.record({ check, outcome: RESULT });
  expect(counts()).toEqual({});
});

test('metricsRecorder() records an unchanged value again after a minute, and after its check was removed', () => {
  const { recorder, counts } = countedRecorder();
  const check = path('kubenurse-1');
  recorder.record({ check, outcome: RESULT });
  counts();
  vi.advanceTimersByTime(59_000);
  recorder.record({ check, outcome: RESULT });
  expect(counts()).toEqual({});
  vi.advanceTimersByTime(1_000);
  recorder.record({ check, outcome: RESULT });
  expect(counts()).toEqual(ALL);
  recorder.removed?.(check);
  recorder.record({ check, outcome: RESULT });
  expect(counts()).toEqual(ALL);
});

test('metricsRecorder() records every change', async () => {
  const { recorder, series, counts } = countedRecorder();
  const check = path('kubenurse-1');
  const success = async () => startingWith('kubenurse_check_success', await series());
  recorder.record({ check, outcome: RESULT });
  for (const [outcome, value] of [
    [failed('connect'), 0],
    [ok(), 1],
    [failed('connect'), 0],
  ] as const) {
    counts();
    recorder.record({ check, outcome });
    recorder.record({ check, outcome });
    expect(counts()).toEqual({ success: 1 });
    expect(await success()).toEqual({ '{type="path_node-2"}': value });
    expect(await success()).toEqual({ '{type="path_node-2"}': value });
  }
  recorder.record({ check, outcome: { ...RESULT, certificates: { ...CERTIFICATES, leaf: 1 } } });
  expect(counts()).toEqual({ success: 1, certificates: 1 });
});

test('metricsRecorder() records the info of each pod behind a path, even of one that comes back', () => {
  const { recorder, counts } = countedRecorder();
  for (const podName of ['kubenurse-1', 'kubenurse-2', 'kubenurse-1']) {
    recorder.record({ check: path(podName), outcome: failed('connect') });
    expect(counts()).toMatchObject({ info: 1 });
  }
});

test('metricsRecorder() marks a path that becomes a suspect again', () => {
  const { recorder, counts } = countedRecorder();
  const results = (['suspect', undefined, 'suspect'] as const).map((role) => {
    const check = path('kubenurse-1', role);
    recorder.record({ check, outcome: ok() });
    recorder.record({ check, outcome: ok() });
    return counts().suspect ?? 0;
  });
  expect(results).toEqual([1, 0, 1]);
});

test('metricsRecorder() starts counters that rarely change at 0, with the first result', async () => {
  const { recorder, series, counts } = countedRecorder();
  const check = fakeCheck('a');
  const retransmitted = async () =>
    startingWith('kubenurse_tcp_segments_retransmitted_total', await series());
  const record = (segmentsRetransmitted: number) =>
    recorder.record({
      check,
      outcome: {
        ...ok(),
        tcp: { handshakeRtt: undefined, segmentsSent: 5, segmentsRetransmitted },
      },
    });
  record(0);
  expect(await retransmitted()).toEqual({ '{type="a"}': 0 });
  counts();
  for (const segments of [0, 2, 0, 3]) record(segments);
  expect(counts()).toEqual({ retransmitted: 2 });
  expect(await retransmitted()).toEqual({ '{type="a"}': 5 });
});

test('metricsRecorder() of a UDP check adds lost packets only if there are any', async () => {
  const { recorder, series, counts } = countedRecorder();
  const url = 'udp://10.0.0.1:8862';
  const check = fakeCheck('udp_a', { url, ...traitsOfTarget(new URL(url)) });
  const udp = (forward: number) => ({
    ...{ sent: 10, duplicated: 0, reordered: 0, rtts: [], jitter: undefined },
    lost: { forward, backward: 0, unknown: 0 },
  });
  recorder.added?.(check);
  expect(counts()).toEqual({ lost: 3 });
  for (const lost of [0, 4, 0]) recorder.record({ check, outcome: { ...ok(), udp: udp(lost) } });
  expect(counts()).toMatchObject({ lost: 1 });
  expect(startingWith('kubenurse_udp_packets_lost_total', await series())).toEqual({
    '{type="udp_a",direction="forward"}': 4,
    '{type="udp_a",direction="backward"}': 0,
    '{type="udp_a",direction="unknown"}': 0,
  });
});

test('RecordedValues keeps checks and series apart', () => {
  const values = new RecordedValues();
  expect(values.isDue('a', 'x', 1)).toBe(true);
  expect(values.isDue('b', 'x', 1)).toBe(true);
  expect(values.isDue('a', 'y', undefined)).toBe(true);
  expect(values.isDue('a', 'y', undefined)).toBe(false);
  values.delete('a');
  expect([values.isDue('a', 'x', 1), values.isDue('b', 'x', 1)]).toEqual([true, false]);
});
