import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { podOn } from '../support/pods.ts';
import { playNeighbourhood } from './neighbourhood.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  vi.advanceTimersByTime(1_000_000);
});
afterEach(() => void vi.useRealTimers());

test('podList() has every pod that should respond, including those that are not neighbours', () => {
  const { neighbourhood, pods, put, cordon } = playNeighbourhood({ limit: 1 });
  pods.currentAt = 1_700_000_000;
  cordon('c');
  put(
    podOn('own', { podName: 'kubenurse-own' }),
    podOn('c'),
    podOn('b', { podName: 'new', podIP: '10.0.0.3', isUnready: true, wasReady: true }),
    podOn('b', { podName: 'old', podIP: '10.0.0.2' }),
    podOn('a'),
    podOn('d', { isTerminating: true }),
    podOn('e', { runningSince: undefined }),
    podOn('f', { podIP: '' }),
    podOn('g', { isUnready: true, runningSince: performance.now() - 5_000 }),
  );
  expect(neighbourhood.podList()).toEqual({
    pods: [
      { pod: 'kubenurse-a', node: 'a', zone: '', podIP: '10.0.0.1', createdAt: 1_700_000_000 },
      { pod: 'old', node: 'b', zone: '', podIP: '10.0.0.2', createdAt: 1_700_000_000 },
      { pod: 'new', node: 'b', zone: '', podIP: '10.0.0.3', createdAt: 1_700_000_000 },
      { pod: 'kubenurse-c', node: 'c', zone: '', podIP: '10.0.0.1', createdAt: 1_700_000_000 },
    ],
    cordoned: ['c'],
    listedAt: 1_700_000_000,
    error: null,
  });
});

test('podList() has no pod whose node is gone', async () => {
  const { neighbourhood, put } = playNeighbourhood({ isNodeGone: async () => true });
  const pod = podOn('a');
  put(pod);
  await neighbourhood.isGone(pod.neighbour, -10_000);
  expect(neighbourhood.podList().pods).toEqual([]);
});

test('podList() reports why there is no list, or why it cannot be updated', () => {
  const { neighbourhood, pods } = playNeighbourhood();
  pods.items = undefined;
  expect(neighbourhood.podList()).toEqual({
    pods: [],
    cordoned: [],
    listedAt: null,
    error: 'the API server has not listed the neighbours yet',
  });
  pods.items = new Map();
  pods.error = new Error('no response within 5 s');
  expect(neighbourhood.podList().error).toBe('no response within 5 s');
});
