import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { neighbourOn, podOn } from '../support/pods.ts';
import { playNeighbourhood } from './neighbourhood.ts';

const a = neighbourOn('a');

// A failure waits for news for a tenth of the usual time.
vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof import('node:timers/promises')>();
  return { ...real, setTimeout: vi.fn((ms: number) => real.setTimeout(ms / 10)) };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.mocked(sleep).mockClear();
});
afterEach(() => void vi.useRealTimers());

const waits = () => vi.mocked(sleep).mock.calls.map(([milliseconds]) => milliseconds);

/** A neighbourhood with a pod each on the nodes a and b, and the names of the requested nodes. */
function play(isGone: (nodeName: string) => boolean = () => false) {
  const requestedNodes: string[] = [];
  const played = playNeighbourhood({
    isNodeGone: async (nodeName) => {
      requestedNodes.push(nodeName);
      return isGone(nodeName);
    },
  });
  played.put(podOn('a'), podOn('b'));
  return { ...played, requestedNodes };
}

/** Whether it has left, and whether that was known without a wait. */
async function checkGone({ neighbourhood }: ReturnType<typeof playNeighbourhood>) {
  const before = waits().length;
  const left = await neighbourhood.isGone(a);
  return { left, atOnce: waits().length === before };
}

test('Neighbourhood.isGone() is false, after a second, for one that is still there', async () => {
  expect(await checkGone(play())).toEqual({ left: false, atOnce: false });
});

test('Neighbourhood.isGone() waits for 3 s while the API server reports nothing', async () => {
  const played = play();
  played.pods.isWatching = false;
  expect(await checkGone(played)).toEqual({ left: false, atOnce: false });
  expect(waits()).toEqual([3_000]);
});

test('Neighbourhood.isGone() does not wait after a check that has taken longer than news does', async () => {
  vi.advanceTimersByTime(6_000.25);
  expect(await play().neighbourhood.isGone(a, 0)).toBe(false);
  expect(waits()).toEqual([]);
});

test('Neighbourhood.isGone() is true for one whose pod has another address now', async () => {
  const played = play();
  played.put(podOn('a', { podIP: '10.0.0.9' }));
  expect(await checkGone(played)).toEqual({ left: true, atOnce: true });
});

test('Neighbourhood.isGone() is false for one that is still there, whatever else is reported', async () => {
  const played = play();
  const result = checkGone(played);
  await Promise.resolve();
  played.remove(podOn('b'));
  played.put(podOn('a'), podOn('c'));
  expect(await result).toEqual({ left: false, atOnce: false });
});

test.each<[string, (played: ReturnType<typeof play>) => void]>([
  ['is deleted', ({ remove }) => remove(podOn('a'))],
  ['is terminating', ({ put }) => put(podOn('a', { isTerminating: true }))],
  ['has failed', ({ put }) => put(podOn('a', { runningSince: undefined }))],
  ['is on a node that is being cordoned', ({ cordon }) => cordon('a')],
])(
  'upstream fault: false alarms when nodes are drained: one that %s has left',
  async (_, leave) => {
    const before = play();
    leave(before);
    expect(await checkGone(before)).toEqual({ left: true, atOnce: true });

    const during = play();
    const result = checkGone(during);
    setImmediate(() => leave(during));
    expect(await result).toEqual({ left: true, atOnce: false });
  },
);

test('upstream fault: false alarms at scale-down: one whose node is gone has left, and is not checked for a minute', async () => {
  const played = play((nodeName) => nodeName === 'a');
  expect(await checkGone(played)).toEqual({ left: true, atOnce: true });
  expect(played.checkedNodes()).toEqual(['b']);
  vi.advanceTimersByTime(59_999);
  expect(played.checkedNodes()).toEqual(['b']);
  expect(await checkGone(played)).toEqual({ left: true, atOnce: true });
  expect(played.requestedNodes).toEqual(['a']);

  vi.advanceTimersByTime(1);
  expect(played.checkedNodes()).toEqual(['a', 'b']);
  expect(await checkGone(played)).toEqual({ left: true, atOnce: true });
  expect(played.requestedNodes).toEqual(['a', 'a']);
  expect(played.checkedNodes()).toEqual(['b']);
});

test('Neighbourhood.isGone() is false again for one whose node has come back', async () => {
  let isGone = true;
  const played = play(() => isGone);
  await checkGone(played);
  isGone = false;
  vi.advanceTimersByTime(60_000);
  expect(await checkGone(played)).toEqual({ left: false, atOnce: false });
  expect(played.checkedNodes()).toEqual(['a', 'b']);
});

test('Neighbourhood gives a pod on a node that was gone its time to start, like any other', async () => {
  const played = play(() => true);
  await checkGone(played);
  vi.advanceTimersByTime(60_000);
  played.put(podOn('a', { isUnready: true, runningSince: performance.now() }));
  expect(played.checkedNodes()).toEqual(['b']);
  vi.advanceTimersByTime(15_000);
  expect(played.checkedNodes()).toEqual(['a', 'b']);
});

test('Neighbourhood.isGone() makes the informer of the pods retry now', async () => {
  const played = play();
  expect(played.pods.hurried).toBe(0);
  await checkGone(played);
  expect(played.pods.hurried).toBe(1);
});

test('Neighbourhood.isGone() requests a node at most once a minute', async () => {
  const played = play();
  await Promise.all([checkGone(played), checkGone(played), checkGone(played)]);
  expect(played.requestedNodes).toEqual(['a']);
  vi.advanceTimersByTime(59_999);
  await checkGone(played);
  expect(played.requestedNodes).toEqual(['a']);
  vi.advanceTimersByTime(1);
  await checkGone(played);
  expect(played.requestedNodes).toEqual(['a', 'a']);
  await played.neighbourhood.isGone(neighbourOn('b'));
  expect(played.requestedNodes).toEqual(['a', 'a', 'b']);
});

test('Neighbourhood.isGone() is true for all that wait for the same node', async () => {
  const played = play(() => true);
  const results = await Promise.all([checkGone(played), checkGone(played), checkGone(played)]);
  expect(results.map(({ left }) => left)).toEqual([true, true, true]);
  expect(played.requestedNodes).toEqual(['a']);
});

test('Neighbourhood.isGone() is false after a second if the request for the node hangs', async () => {
  const signals: AbortSignal[] = [];
  const played = playNeighbourhood({
    isNodeGone: (_, signal) => {
      signals.push(signal);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false)));
    },
  });
  played.put(podOn('a'));
  expect(await checkGone(played)).toEqual({ left: false, atOnce: false });
  expect(signals).toHaveLength(1);
});

test('Neighbourhood.isGone() finds the pod of its namespace, of two with the same name', async () => {
  const { neighbourhood, pods } = play();
  const { neighbour } = podOn('a');
  const other = {
    ...podOn('b'),
    neighbour: { ...neighbour, podIP: '10.0.0.9', namespace: 'another' },
  };
  pods.items = new Map([
    ['another/kubenurse-a', other],
    ['monitoring/kubenurse-a', podOn('a')],
  ]);
  const isGone = (each: typeof neighbour) => neighbourhood.isGone(each, -10_000);
  expect(await isGone(neighbour)).toBe(false);
  expect(await isGone({ ...neighbour, podIP: '10.0.0.9' })).toBe(true);
});
