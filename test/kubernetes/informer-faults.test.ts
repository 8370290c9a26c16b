import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import { until } from '../../lab/support/until.ts';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { Followed, pod } from './follow.ts';
import { waits } from './short-waits.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

beforeEach(() => {
  waits.length = 0;
});

type Fault = {
  kind: string;
  begin: (server: EmbeddedApiServer) => unknown;
  trouble: { list: RegExp; watch: RegExp };
  /** Requests without a wait before them: the first 410 is followed by one. */
  withoutWait?: number;
};

const status = (code: number, text: string): Fault => ({
  kind: `responds with ${code}`,
  begin: async (server) => {
    await server.break({ kind: 'status', code });
    server.misbehave(undefined); // cuts the open watch
  },
  trouble: { list: new RegExp(`${code}: ${text}`), watch: new RegExp(`${code}: ${text}`) },
});
const misbehaving = (
  kind: NonNullable<Parameters<EmbeddedApiServer['misbehave']>[0]>,
  list: RegExp,
  watch: RegExp,
): Fault => ({
  kind: `responds with ${kind}`,
  begin: (server) => server.misbehave(kind),
  trouble: { list, watch },
});

const FAULTS: Fault[] = [
  {
    kind: 'is down',
    begin: (server) => server.break({ kind: 'down' }),
    trouble: { list: /ECONNREFUSED/, watch: /ECONNREFUSED/ },
  },
  status(401, 'Unauthorized'),
  status(403, 'Forbidden'),
  { ...status(410, 'Gone'), withoutWait: 1 },
  status(429, 'Too Many Requests'),
  status(500, 'Internal Server Error'),
  misbehaving('garbage', /invalid JSON/, /invalid JSON/),
  misbehaving(
    'half-line',
    /connection to the API server was closed unexpectedly/,
    /closes watches immediately/,
  ),
  misbehaving('endless-line', /exceeds 65536 bytes/, /exceeds 16777216 bytes/),
  misbehaving('close-before-response', /socket hang up/, /socket hang up/),
];

async function heal(server: EmbeddedApiServer): Promise<void> {
  await server.break(undefined);
  server.misbehave(undefined);
}

/**
 * Expects the waits, the first of which followed this many failures, to double up to 30 s, each
 * shortened by up to a half.
 */
function expectBackoff(firstFailures: number): void {
  for (const [index, wait] of waits.entries()) {
    const longest = Math.min(1_000 * 2 ** (firstFailures + index), 30_000);
    expect(wait).toBeGreaterThanOrEqual(longest / 2);
    expect(wait).toBeLessThanOrEqual(longest);
  }
}

describe.each(FAULTS)('Informer of an API server that $kind', (fault) => {
  const { begin, trouble, withoutWait = 0 } = fault;

  test('has no items before the first list, reports it once, backs off, and recovers', async () => {
    const { server } = await startApiServer({ bookmarkIntervalMs: 20 });
    await server.put('pods', pod('a'));
    await begin(server);
    const followed = new Followed();
    await until('two failures', 5_000, () => waits.length >= 2);
    expect(followed.items).toBeUndefined();
    expect(server.requests.length).toBeLessThanOrEqual(1 + waits.length + withoutWait);
    expectBackoff(1);

    await heal(server);
    await followed.has('a=1');
    await followed.hears(2);
    expect(followed.reported).toEqual([expect.stringMatching(trouble.list), 'contact']);
    expect(followed.trouble).toBeUndefined();
  });

  test('keeps the items it has, reports it once, backs off, and recovers', async () => {
    const { server } = await startApiServer({ bookmarkIntervalMs: 20 });
    await server.put('pods', pod('a'));
    const followed = new Followed();
    await followed.has('a=1');
    // An event, which shows that the watch works.
    await server.put('pods', pod('b'));
    await followed.has('a=1', 'b=1');
    const before = server.requests.length;
    await begin(server);
    await until('five failures', 5_000, () => waits.length >= 5);
    expect(followed.items).toEqual(['a=1', 'b=1']);
    expect(server.requests.length - before).toBeLessThanOrEqual(waits.length + withoutWait);
    expectBackoff(0);

    await server.remove('pods', 'a', 'kubenurse');
    await server.put('pods', pod('c'));
    await heal(server);
    await followed.has('b=1', 'c=1');
    await followed.hears(2);
    expect(followed.reported).toEqual([expect.stringMatching(trouble.watch), 'contact']);
    expect(followed.trouble).toBeUndefined();
  });
});

test('Informer.retryNow() shortens no later wait if a watch is open', async () => {
  const { server } = await startApiServer();
  const followed = new Followed();
  await until('it watches', 5_000, () => followed.isWatching);
  followed.retryNow();
  server.misbehave(undefined); // cuts the open watch
  await until('it watches again', 5_000, () => server.requests.length === 3);
  expect(waits).toHaveLength(1);
});

test('Informer waits no longer than 30 s, however often it has failed', async () => {
  const { server } = await startApiServer();
  await server.break({ kind: 'status', code: 500 });
  new Followed();
  await until('eight failures', 10_000, () => waits.length >= 8);
  expectBackoff(1);
  expect(server.requests.length).toBeLessThanOrEqual(waits.length + 1);
});

test.each([
  { retryAfter: '20', least: 20_000, most: 20_000 },
  { retryAfter: '86400', least: 30_000, most: 30_000 },
  { retryAfter: '0', least: 1_000, most: 2_000 },
])(
  'Informer obeys an API server that responds with Retry-After: $retryAfter, for at most 30 s',
  async ({ retryAfter, least, most }) => {
    await startScriptedServer((_, response) => {
      response.writeHead(429, { 'retry-after': retryAfter }).end();
    });
    new Followed();
    await until('a failure', 5_000, () => waits.length >= 1);
    expect(waits[0]).toBeGreaterThanOrEqual(least);
    expect(waits[0]).toBeLessThanOrEqual(most);
  },
);

test('Informer keeps its items while the API server hangs, and catches up afterwards', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { server } = await startApiServer({ bookmarkIntervalMs: 20 });
  await server.put('pods', pod('a'));
  const followed = new Followed();
  await followed.has('a=1');
  await server.put('pods', pod('b'));
  await followed.has('a=1', 'b=1');
  await server.break({ kind: 'hang' });
  await server.remove('pods', 'a', 'kubenurse');
  server.misbehave(undefined); // cuts the watch, so that it has to request another
  await until('it gives up to wait for a response', 5_000, () => {
    vi.advanceTimersByTime(1_000);
    return followed.reported.length > 0;
  });
  expect(followed.items).toEqual(['a=1', 'b=1']);
  await server.break(undefined);
  await followed.has('b=1');
  await followed.hears(2);
  expect(followed.reported).toEqual(['no response from the API server within 10 s', 'contact']);
});

test('Informer gives up on a page that has not arrived within 30 s', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let requested = false;
  await startScriptedServer((_, response) => {
    response.write('{"items":', () => {
      requested = true;
    });
  });
  const followed = new Followed();
  await until('it is requested', 5_000, () => requested);
  // In steps, so that the head has arrived when its time is up.
  await until('it gives up to wait', 5_000, () => {
    vi.advanceTimersByTime(1_000);
    return followed.reported.length > 0;
  });
  expect(followed.reported).toEqual(['the API server took longer than 30 s to send a list']);
});
