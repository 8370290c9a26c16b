import type { Pod } from '../../src/kubernetes/pods.ts';
import { Neighbourhood } from '../../src/neighbours/discover.ts';

/*
 * Prints, in JSON, the milliseconds that each of many choices of neighbours takes, among as many
 * pods as its argument specifies; the first one starts from nothing. A separate program, so that it
 * runs with the flags of the image.
 */

const CHOICES = 100;
const NEIGHBOURS = 10;

const items = new Map<string, Pod>();
for (let number = 0; number < Number(process.argv[2]); number++) {
  const bytes = `${number >> 8}.${number & 255}`;
  const podName = `kubenurse-${number.toString(36).padStart(5, '0')}`;
  items.set(podName, {
    neighbour: {
      podName,
      namespace: 'kubenurse',
      podIP: `10.71.${bytes}`,
      hostIP: `10.72.${bytes}`,
      nodeName: `ip-10-72-${bytes.replace('.', '-')}.region-1.compute.example.test`,
      phase: 'Running',
      zone: 'zone-a',
    },
    isTerminating: false,
    isUnready: false,
    wasReady: true,
    isRestartedWhenUnready: false,
    daemonSet: '',
    createdAt: 1_700_000_000 + number,
    runningSince: number / 1_000,
  });
}
const neighbourhood = new Neighbourhood({
  podName: 'kubenurse-00000',
  namespace: 'kubenurse',
  nodeName: undefined,
  hostname: 'kubenurse-00000',
  limit: NEIGHBOURS,
  pods: { items, error: undefined, isWatching: true, currentAt: null, retryNow: () => {} },
  cordonedNodes: { items: new Map() },
  isNodeGone: async () => false,
  zoneOf: () => '',
});
const milliseconds: number[] = [];
for (let choice = 0; choice < CHOICES; choice++) {
  neighbourhood.changed();
  const start = performance.now();
  const { length } = neighbourhood.neighbours();
  milliseconds.push(performance.now() - start);
  if (length !== Math.min(NEIGHBOURS, items.size - 1)) throw new Error(`${length} were chosen`);
}
console.log(JSON.stringify(milliseconds));
