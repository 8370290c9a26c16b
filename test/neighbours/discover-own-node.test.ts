import { expect, test } from 'vitest';
import { podOn } from '../support/pods.ts';
import { playNeighbourhood } from './neighbourhood.ts';

const NODES = Array.from({ length: 20 }, (_, index) => `node-${index}`);

test('Neighbourhood.ownNode() is that of the environment, else that of its pod, else the host name', () => {
  const ours = podOn('of-our-pod', { podName: 'us' });
  const said = playNeighbourhood({ podName: 'us', nodeName: 'said', hostname: 'host' });
  said.put(ours);
  expect(said.neighbourhood.ownNode()).toBe('said');

  const unsaid = playNeighbourhood({ podName: 'us', nodeName: undefined, hostname: 'host' });
  expect(unsaid.neighbourhood.ownNode()).toBe('host');
  unsaid.put(podOn('', { podName: 'us' }));
  expect(unsaid.neighbourhood.ownNode()).toBe('host');
  unsaid.put(ours);
  expect(unsaid.neighbourhood.ownNode()).toBe('of-our-pod');
});

test('upstream fault: on the host network nobody finds itself, so that all check the same neighbours, and themselves', () => {
  const chosen = new Map<string, string>();
  for (const node of NODES) {
    // Without POD_NAME and NODE_NAME, only the host's name is known, which is the node's.
    const { put, checkedNodes } = playNeighbourhood({
      podName: node,
      nodeName: undefined,
      hostname: node,
      limit: 3,
    });
    put(...NODES.map((name, index) => podOn(name, { podName: `kubenurse-${index}` })));
    expect(checkedNodes()).toHaveLength(3);
    expect(checkedNodes()).not.toContain(node);
    chosen.set(node, checkedNodes().join());
  }
  expect(new Set(chosen.values()).size).toBe(NODES.length);
});

test('Neighbourhood chooses again once it knows the node of its own pod', () => {
  const { put, checkedNodes } = playNeighbourhood({ podName: 'us', nodeName: undefined, limit: 0 });
  put(podOn('own', { podName: 'surge' }), podOn('a'));
  expect(checkedNodes()).toEqual(['a', 'own']);
  put(podOn('own', { podName: 'us' }));
  expect(checkedNodes()).toEqual(['a']);
});

test('Neighbourhood.isOwnNodeCordoned() follows cordon and uncordon of only its own node', () => {
  const { neighbourhood, cordon } = playNeighbourhood();
  expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
  cordon('another');
  expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
  cordon('another', 'own');
  expect(neighbourhood.isOwnNodeCordoned()).toBe(true);
  cordon();
  expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
});

test('Neighbourhood.isOwnNodeCordoned() is false if cordoned nodes are checked as well', () => {
  const { neighbourhood, cordon } = playNeighbourhood({ cordonedNodes: undefined });
  cordon('own');
  expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
});

test('Neighbourhood.isUnreadyByCordon() is true on a cordoned node, unless kubelet would restart the pod for it', () => {
  const { neighbourhood, cordon, put } = playNeighbourhood();
  const own = podOn('own', { podName: 'kubenurse-own' });
  put(own);
  expect(neighbourhood.isUnreadyByCordon()).toBe(false);
  cordon('own');
  expect(neighbourhood.isUnreadyByCordon()).toBe(true);
  put({ ...own, isRestartedWhenUnready: true });
  expect(neighbourhood.isUnreadyByCordon()).toBe(false);
});

test('Neighbourhood.isUnreadyByCordon() is false as long as the pod may be one that kubelet would restart', () => {
  const unlisted = playNeighbourhood();
  unlisted.cordon('own');
  unlisted.pods.items = undefined;
  expect(unlisted.neighbourhood.isUnreadyByCordon()).toBe(false);
  // On the host network, with other manifests: neither the pod's name nor the node's is known.
  const nameless = playNeighbourhood({ podName: 'own', nodeName: undefined, hostname: 'own' });
  nameless.cordon('own');
  expect(nameless.neighbourhood.isOwnNodeCordoned()).toBe(true);
  expect(nameless.neighbourhood.isUnreadyByCordon()).toBe(false);
});

test('Neighbourhood.isUnreadyByCordon() is true if the filter leaves out its own pod, and NODE_NAME is set', () => {
  const { neighbourhood, cordon } = playNeighbourhood();
  cordon('own');
  expect(neighbourhood.isUnreadyByCordon()).toBe(true);
});

test('Neighbourhood looks up its own zone as soon as it has the pods, so that the first report names it', () => {
  const requested: string[] = [];
  const { neighbourhood, put } = playNeighbourhood({
    zoneOf: (node) => {
      requested.push(node);
      return requested.length > 1 ? 'zone-a' : undefined;
    },
  });
  put(podOn('own', { podName: 'kubenurse-own' }));
  expect(requested).toEqual(['own']);
  expect(neighbourhood.ownZone()).toBe('zone-a');
});
