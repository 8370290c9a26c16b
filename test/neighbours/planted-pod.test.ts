import { expect, test } from 'vitest';
import { podOn } from '../support/pods.ts';
import { playNeighbourhood } from './neighbourhood.ts';

const own = podOn('own', { podName: 'kubenurse-own', daemonSet: 'ours' });

/** A pod that somebody else has created on the node, with the labels of the filter. */
const planted = (node: string, daemonSet = '') =>
  podOn(node, { podName: `a-planted-${node}`, podIP: '10.0.0.66', runningSince: -1, daemonSet });

const names = (pods: readonly Readonly<{ podName?: string; pod?: string }>[]) =>
  pods.map(({ podName, pod }) => podName ?? pod);

test.each(['', 'another'])(
  'a planted pod of the DaemonSet "%s" is neither checked nor requested if the node has a pod of the right one',
  (daemonSet) => {
    const { neighbourhood, put } = playNeighbourhood();
    const real = podOn('a', { daemonSet: 'ours', isUnready: true, wasReady: true });
    put(planted('a', daemonSet), real, planted('own', daemonSet), own);
    expect(names(neighbourhood.neighbours())).toEqual(['kubenurse-a']);
    expect(neighbourhood.candidate('a')?.podName).toBe('kubenurse-a');
    expect(names(neighbourhood.podList().pods)).toEqual(['kubenurse-a']);
  },
);

test('both pods of a rollout with surge are requested, and no planted one', () => {
  const { neighbourhood, put } = playNeighbourhood();
  const old = podOn('a', { podName: 'old', daemonSet: 'ours' });
  const young = podOn('a', { podName: 'a-new', daemonSet: 'ours', runningSince: 1 });
  put(own, young, planted('a'), old);
  expect(names(neighbourhood.podList().pods)).toEqual(['old', 'a-new']);
});

test('a pod of no DaemonSet, or of another, counts on a node without a pod of the right one', () => {
  const { neighbourhood, put } = playNeighbourhood();
  const leaving = podOn('a', { daemonSet: 'ours', isTerminating: true });
  put(own, planted('a'), leaving, podOn('b', { daemonSet: 'another' }));
  expect(names(neighbourhood.podList().pods)).toEqual(['a-planted-a', 'kubenurse-b']);
});

test.each(['ours', ''])(
  'of many pods on a node without one of the DaemonSet "%s", the two best are requested',
  (daemonSet) => {
    const { neighbourhood, put } = playNeighbourhood();
    const many = Array.from({ length: 20 }, (_, i) =>
      podOn('a', { podName: `planted-${i}`, runningSince: 20 - i, isUnready: i === 19 }),
    );
    put({ ...own, daemonSet }, ...many, podOn('b', { daemonSet }));
    expect(names(neighbourhood.podList().pods)).toEqual([
      'planted-18',
      'planted-17',
      'kubenurse-b',
    ]);
  },
);

test('if the requesting pod has no DaemonSet, both pods of a node are requested, the older first', () => {
  const { neighbourhood, put } = playNeighbourhood();
  put({ ...own, daemonSet: '' }, podOn('a'), planted('a'));
  expect(names(neighbourhood.podList().pods)).toEqual(['a-planted-a', 'kubenurse-a']);
});
