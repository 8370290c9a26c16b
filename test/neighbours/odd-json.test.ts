import { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { createPodInformer } from '../../src/kubernetes/pods.ts';
import { readEvent, readPage } from '../../src/kubernetes/responses.ts';
import { startScriptedServer } from '../support/api-server.ts';
import { playNeighbourhood } from './neighbourhood.ts';

const EVENTS = 5_000;

/** Values that a field may have instead of what it should be. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1.5e300,
  '',
  'x',
  ' ',
  '\u0000\u001b[2J\u009b\u2028',
  '\ud800',
  'y'.repeat(1_000),
  '__proto__',
  '127.0.0.1',
  'fe80::1%eth0',
  '10.0.0.1',
  [],
  [null],
  ['10.0.0.1'],
  {},
  { toString: 1, valueOf: null },
  { length: 3 },
  { name: { name: {} } },
];

/** Numbers from 0 to 1, the same in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomNumbers(7);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T;

/** The value, with an occasional field that is odd or missing. */
function broken(value: unknown): unknown {
  if (random() < 0.06) return pick(ODD);
  if (Array.isArray(value)) return value.map(broken);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(() => random() > 0.03);
  return Object.fromEntries(fields.map(([name, field]) => [name, broken(field)]));
}

function podObject(number: number) {
  const httpGet = { path: '/ready' };
  return {
    metadata: {
      name: `pod-${number % 50}`,
      namespace: 'monitoring',
      resourceVersion: `${number}`,
      labels: { 'topology.kubernetes.io/zone': 'a' },
      deletionTimestamp: undefined,
    },
    spec: { nodeName: `node-${number % 50}`, containers: [{ livenessProbe: { httpGet } }] },
    status: {
      phase: 'Running',
      podIP: `10.0.0.${(number % 50) + 1}`,
      hostIP: '10.1.0.1',
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  };
}

test(`${EVENTS} odd events and lists end neither the watch nor the choice of neighbours`, async () => {
  let number = 0;
  let isOver = false;
  await startScriptedServer(({ url = '' }, response) => {
    if (!url.includes('watch=true')) {
      const items = Array.from({ length: 20 }, () => broken(podObject(number)));
      return void response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
    }
    while (number < EVENTS) {
      const object = broken(podObject(++number));
      // An object without a resourceVersion would end the watch.
      const metadata = { resourceVersion: `${number}` };
      const isWhole =
        typeof (object as { metadata?: { resourceVersion?: unknown } } | null)?.metadata
          ?.resourceVersion === 'string';
      const type = pick(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', null, 5, {}]);
      response.write(`${JSON.stringify({ type, object: isWhole ? object : { metadata } })}\n`);
    }
    isOver = true;
  });
  const troubles: string[] = [];
  const played = playNeighbourhood({ limit: 0 });
  const pods = createPodInformer(
    { namespace: 'monitoring', labelSelector: '', allowLoopback: false },
    {
      onChange: () => {
        played.pods.items = new Map(pods.items);
        played.neighbourhood.changed();
        for (const { podIP, nodeName } of played.neighbourhood.neighbours()) {
          expect(URL.canParse(`http://${podIP.includes(':') ? `[${podIP}]` : podIP}/`)).toBe(true);
          expect(nodeName).toMatch(/^(node-\d+|x|127\.0\.0\.1|10\.0\.0\.1)$/);
        }
      },
      onError: ({ message }) => troubles.push(message),
      onRecovery: () => {},
      onExcess: () => {},
      onInvalid: () => {},
    },
  );
  const stop = new AbortController();
  const following = pods.follow(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await following;
  });
  await until('all events have come', 10_000, () => isOver && (pods.items?.size ?? 0) > 20);
  await until('it still watches', 5_000, () => pods.isWatching);
  expect(troubles).toEqual([]);
  expect(played.neighbourhood.neighbours().length).toBeGreaterThan(10);
});

test('readPage() and readEvent() report what they cannot read as an invalid list or event', async () => {
  const known =
    /^(the API server sent an invalid list|a watch event without resourceVersion|the API server responded with \S+: .*)$/;
  for (let number = 0; number < EVENTS; number++) {
    const metadata = { resourceVersion: '1', continue: 'next' };
    const page = broken({ metadata, items: [podObject(number)] });
    const event = broken({ type: pick(['ADDED', 'ERROR']), object: podObject(number) });
    for (const read of [
      () => readPage(Readable.from([Buffer.from(JSON.stringify(page))]), () => {}),
      () => readEvent(Buffer.from(JSON.stringify(event))),
    ]) {
      try {
        await read();
      } catch (error) {
        expect((error as Error).message).toMatch(known);
      }
    }
  }
});
