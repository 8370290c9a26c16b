import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { neighbourOn, podOn } from '../support/pods.ts';
import { playNeighbourhood } from './neighbourhood.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  // The pod has been running for a while.
  vi.advanceTimersByTime(1_000_000);
});
afterEach(() => void vi.useRealTimers());

describe('Neighbourhood.neighbours()', () => {
  test('are what the API server reports of them, as /alive shows it', () => {
    const { neighbourhood, put } = playNeighbourhood();
    put(podOn('a'));
    expect(neighbourhood.neighbours()).toEqual([neighbourOn('a')]);
  });

  test.each([
    { kind: 'that runs', pod: podOn('a'), isChecked: true },
    { kind: 'with an IPv6 address', pod: podOn('a', { podIP: 'fd00::1' }), isChecked: true },
    { kind: 'that does not run', pod: podOn('a', { runningSince: undefined }), isChecked: false },
    { kind: 'that is terminating', pod: podOn('a', { isTerminating: true }), isChecked: false },
    { kind: 'without an address', pod: podOn('a', { podIP: '' }), isChecked: false },
    { kind: 'whose address is none', pod: podOn('a', { podIP: 'a.example' }), isChecked: false },
    { kind: 'that is not placed yet', pod: podOn('', { podName: 'a' }), isChecked: false },
    { kind: 'on a cordoned node', pod: podOn('cordoned'), isChecked: false },
    { kind: 'that is ourselves', pod: podOn('a', { podName: 'kubenurse-own' }), isChecked: false },
    { kind: 'beside us on our node', pod: podOn('own', { podName: 'a' }), isChecked: false },
  ])('with a pod $kind: $isChecked', ({ pod, isChecked }) => {
    const { put, cordon, checkedNodes } = playNeighbourhood();
    cordon('cordoned');
    put(pod);
    expect(checkedNodes()).toEqual(isChecked ? ['a'] : []);
  });

  test.each(['monitoring', undefined])(
    'of every namespace are known by their names, with the namespace %s',
    async (namespace) => {
      const { neighbourhood, pods, put } = playNeighbourhood({ nodeName: undefined, namespace });
      const own = podOn('own', { podName: 'kubenurse-own' });
      const other = podOn('a');
      pods.items = new Map([
        ['monitoring/kubenurse-own', own],
        ['monitoring/kubenurse-a', other],
      ]);
      put();
      expect(neighbourhood.ownNode()).toBe('own');
      expect(neighbourhood.neighbours()).toEqual([neighbourOn('a')]);
      expect(await neighbourhood.isGone(other.neighbour, -10_000)).toBe(false);
    },
  );

  test('of every namespace are not mistaken for the pod itself because of its name', () => {
    const { neighbourhood, pods, put } = playNeighbourhood({ nodeName: undefined });
    pods.items = new Map([
      ['another/kubenurse-own', podOn('another', { podName: 'kubenurse-own' })],
      ['monitoring/kubenurse-own', podOn('own', { podName: 'kubenurse-own' })],
    ]);
    put();
    expect(neighbourhood.ownNode()).toBe('own');
  });

  test('follow cordon and uncordon', () => {
    const { put, cordon, checkedNodes } = playNeighbourhood();
    put(podOn('a'), podOn('b'));
    expect(checkedNodes()).toEqual(['a', 'b']);
    cordon('a');
    expect(checkedNodes()).toEqual(['b']);
    cordon();
    expect(checkedNodes()).toEqual(['a', 'b']);
  });

  test('are all that run if cordoned nodes are checked as well', () => {
    const { put, cordon, checkedNodes } = playNeighbourhood({ cordonedNodes: undefined });
    cordon('a');
    put(podOn('a'), podOn('b'));
    expect(checkedNodes()).toEqual(['a', 'b']);
  });

  test('are empty until the API server has listed pods, and all that run until it has listed cordoned nodes', () => {
    const { neighbourhood, pods, cordonedNodes, put, checkedNodes } = playNeighbourhood();
    pods.items = undefined;
    cordonedNodes.items = undefined;
    expect(checkedNodes()).toEqual([]);
    pods.items = new Map();
    put(podOn('a'));
    expect(checkedNodes()).toEqual(['a']);
    expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
  });

  test('are no more than the limit, 0 being none', () => {
    const pods = Array.from({ length: 30 }, (_, index) => podOn(`node-${index}`));
    for (const [limit, count] of [
      [10, 10],
      [0, 30],
    ] as const) {
      const { neighbourhood, put } = playNeighbourhood({ limit });
      put(...pods);
      expect(neighbourhood.neighbours()).toHaveLength(count);
    }
  });

  test('upstream fault: all nodes are gone through anew at every tick before 10 are chosen', () => {
    const { neighbourhood, put } = playNeighbourhood();
    put(podOn('a'));
    const neighbours = neighbourhood.neighbours();
    vi.advanceTimersByTime(3_600_000);
    expect(neighbourhood.neighbours()).toBe(neighbours);
    put(podOn('b'));
    expect(neighbourhood.neighbours()).not.toBe(neighbours);
  });
});

describe('Neighbourhood.neighbours(), when a pod is not ready,', () => {
  const started = (isUnready: boolean) =>
    podOn('a', { isUnready, runningSince: performance.now() });

  test('include it 15 s after its start, without news from the API server', () => {
    const { put, checkedNodes } = playNeighbourhood();
    put(started(true));
    expect(checkedNodes()).toEqual([]);
    vi.advanceTimersByTime(14_999);
    expect(checkedNodes()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(checkedNodes()).toEqual(['a']);
  });

  test('include it as soon as it is ready', () => {
    const { put, checkedNodes } = playNeighbourhood();
    const pod = started(true);
    put(pod);
    vi.advanceTimersByTime(2_000);
    expect(checkedNodes()).toEqual([]);
    put({ ...pod, isUnready: false });
    expect(checkedNodes()).toEqual(['a']);
  });

  test('include it at once if it was ready before, however young it is', () => {
    const { put, checkedNodes } = playNeighbourhood();
    put({ ...started(true), wasReady: true });
    expect(checkedNodes()).toEqual(['a']);
  });

  test('include it at once if it has run for long', () => {
    const { put, checkedNodes } = playNeighbourhood();
    const pod = started(false);
    put(pod);
    expect(checkedNodes()).toEqual(['a']);
    vi.advanceTimersByTime(60_000);
    put({ ...pod, isUnready: true });
    expect(checkedNodes()).toEqual(['a']);
  });

  test('include each of several in its own time', () => {
    const { put, checkedNodes } = playNeighbourhood();
    put(started(true));
    vi.advanceTimersByTime(5_000);
    put(podOn('b', { isUnready: true, runningSince: performance.now() }));
    expect(checkedNodes()).toEqual([]);
    vi.advanceTimersByTime(10_000);
    expect(checkedNodes()).toEqual(['a']);
    vi.advanceTimersByTime(5_000);
    expect(checkedNodes()).toEqual(['a', 'b']);
  });

  test.each([
    { winner: 'the ready one', loser: { podName: 'a', isUnready: true, runningSince: 500_000 } },
    { winner: 'the older', loser: { podName: 'a', runningSince: 700_000 } },
    { winner: 'the first by name', loser: { podName: 'z', runningSince: 600_000 } },
  ])('include, of two on a node, $winner', ({ loser }) => {
    const pods = [podOn('a', loser), podOn('a', { podName: 'b', runningSince: 600_000 })];
    for (const inOrder of [pods, pods.toReversed()]) {
      const { neighbourhood, put } = playNeighbourhood();
      put(...inOrder);
      expect(neighbourhood.neighbours().map(({ podName }) => podName)).toEqual(['b']);
    }
  });
});

test.each([0.34, 1])(
  'upstream fault: in a rollout with a surge of %d two pods on a node replace two neighbours',
  (surge) => {
    const nodes = Array.from({ length: 100 }, (_, index) => `node-${index}`);
    const { put, checkedNodes } = playNeighbourhood();
    put(...nodes.map((node) => podOn(node)));
    const before = checkedNodes();
    put(...nodes.slice(0, surge * 100).map((node) => podOn(node, { podName: `surge-${node}` })));
    expect(checkedNodes()).toEqual(before);
    expect(new Set(before).size).toBe(10);
  },
);

test('Neighbourhood hands over from the old pod of a node to the new one in a rollout with surge', () => {
  const { neighbourhood, put, remove } = playNeighbourhood();
  const checkedPods = () => neighbourhood.neighbours().map(({ podName }) => podName);
  const old = podOn('a', { podName: 'old' });
  const young = podOn('a', { podName: 'a-new', isUnready: true, runningSince: performance.now() });
  put(old, young);
  expect(checkedPods()).toEqual(['old']);
  vi.advanceTimersByTime(3_000);
  put({ ...young, isUnready: false });
  expect(checkedPods()).toEqual(['old']);
  put({ ...old, isTerminating: true });
  expect(checkedPods()).toEqual(['a-new']);
  remove(old);
  expect(checkedPods()).toEqual(['a-new']);
});

test('Neighbourhood.state() reports why the neighbours are not known, and ok once they are', () => {
  const { neighbourhood, pods } = playNeighbourhood();
  pods.items = undefined;
  expect(neighbourhood.state()).toBe('the API server has not listed the neighbours yet');
  pods.error = new Error('403: forbidden');
  expect(neighbourhood.state()).toBe('403: forbidden');
  pods.items = new Map();
  expect(neighbourhood.state()).toBe('ok');
  pods.error = undefined;
  expect(neighbourhood.state()).toBe('ok');
});

test("the API server's messages reach a page without control characters, and with a limited length", () => {
  const { neighbourhood, pods } = playNeighbourhood();
  pods.items = undefined;
  pods.error = new Error(`403: \u001b[2J${'x'.repeat(1_000)}`);
  const text = `403:  [2J${'x'.repeat(291)}`;
  expect(neighbourhood.state()).toBe(text);
  expect(neighbourhood.listState()).toEqual({ state: text, listedAt: null });
});

test('isCaller() knows the names of all pods and of their nodes, and no other once the pods are known', () => {
  const { neighbourhood, pods, put, remove, cordon } = playNeighbourhood({ limit: 1 });
  const [one, other] = [podOn('a'), podOn('b')];
  const names = [one, other].flatMap(({ neighbour }) => [neighbour.podName, neighbour.nodeName]);
  const known = () => [...names, 'claimed', ''].filter((name) => neighbourhood.isCaller(name));
  put(one, other);
  cordon('b');
  expect(known()).toEqual(names);
  remove(other);
  expect(known()).toEqual(names.slice(0, 2));
  pods.items = undefined;
  expect(known()).toEqual([...names, 'claimed', '']);
});

test('isPodAddress() knows the addresses of all pods, including those that are not checked and its own', () => {
  const { neighbourhood, put, remove, cordon } = playNeighbourhood({ limit: 1 });
  const addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::4'];
  const known = () => addresses.filter((address) => neighbourhood.isPodAddress(address));
  const gone = podOn('a', { podIP: '10.0.0.1' });
  expect(known()).toEqual([]);
  put(gone, podOn('b', { podIP: '10.0.0.2' }), podOn('c', { podIP: '10.0.0.3' }));
  put(podOn('own', { podIP: 'fd00::4' }));
  cordon('b');
  expect(known()).toEqual(addresses);
  remove(gone);
  expect(known()).toEqual(addresses.slice(1));
});
