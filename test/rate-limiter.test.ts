import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ONLY_SERVING, RateLimiter, type Serving } from '../src/rate-limiter.ts';

beforeEach(() => vi.useFakeTimers({ now: 0 }));

afterEach(() => vi.useRealTimers());

/** Three per 100 ms. */
const PACE = { window: 100, budget: 3 };

/**
 * Like `paced()`, after a hundred requests of others, so that the rate is not moderate for the next
 * two seconds.
 */
async function pacedUnderLoad(burst = 1, serving: Partial<Serving> = {}) {
  const { served, come, start } = paced(burst, serving);
  let isGone = false;
  for (let i = 0; i < 100; i += 1) come('others', () => isGone);
  isGone = true;
  await vi.advanceTimersByTimeAsync(PACE.window);
  start();
  return { served, come };
}

/** Limits requests; `served` lists which client was served when, since the start. */
function paced(burst = 1, serving: Partial<Serving> = {}) {
  const pace = new RateLimiter({ ...PACE, burst }, { ...ONLY_SERVING, ...serving });
  const served: string[] = [];
  let begin = performance.now();
  const start = () => {
    served.length = 0;
    begin = performance.now();
  };
  const come = (client: string, isGone = () => false, isLarge = false) =>
    pace.admit({
      client,
      isGone,
      isLarge,
      serve: () => served.push(`${client} at ${performance.now() - begin}`),
    });
  return { served, come, start };
}

test('RateLimiter serves requests that arrive at its pace at once', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 0; i < 3; i += 1) come('a');
  await vi.advanceTimersByTimeAsync(100);
  for (let i = 0; i < 3; i += 1) come('a');
  expect(served).toEqual([...Array(3).fill('a at 0'), ...Array(3).fill('a at 100')]);
});

test('RateLimiter delays excess requests', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 0; i < 8; i += 1) come('a');
  expect(served).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(99);
  expect(served).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  expect(served).toHaveLength(6);
  come('a');
  expect(served).toHaveLength(6);
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toHaveLength(9);
});

test('RateLimiter has a timer only while a request waits', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 0; i < 3; i += 1) come('a');
  expect(vi.getTimerCount()).toBe(0);
  come('a');
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toHaveLength(4);
  expect(vi.getTimerCount()).toBe(0);
});

test('RateLimiter serves a client that was silent for a second at once, however many wait, but only one request', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 0; i < 100; i += 1) come('a');
  for (const client of ['b', 'b', 'c']) come(client);
  expect(served).toEqual([...Array(3).fill('a at 0'), 'b at 0', 'c at 0']);
  await vi.advanceTimersByTimeAsync(150);
  come('c');
  expect(served.filter((each) => each.startsWith('c'))).toEqual(['c at 0']);
  await vi.advanceTimersByTimeAsync(1_050);
  for (let i = 0; i < 2; i += 1) come('c');
  expect(served.filter((each) => each.startsWith('c'))).toEqual([
    'c at 0',
    'c at 200',
    'c at 1200',
  ]);
});

test('RateLimiter never delays a client with one request per second, even if it has waited before', async () => {
  const { served, come } = await pacedUnderLoad();
  const attack = (count: number) => {
    for (let i = 0; i < count; i += 1) come(`attacker-${i % 20}`);
  };
  attack(400);
  come('b');
  come('b');
  let now = 0;
  // A second, as imprecise as timers are.
  for (const period of [1_004, 997, 950, 1_049]) {
    await vi.advanceTimersByTimeAsync(period);
    now += period;
    attack(40);
    come('b');
    expect(served).toContain(`b at ${now}`);
  }
  expect(served.filter((each) => each.startsWith('b'))).toHaveLength(6);
});

/**
 * Under attack by others: the returned function sends a request of `b` after this many further
 * milliseconds, and returns whether it is served at once.
 */
async function attacked(burst: number): Promise<(milliseconds: number) => Promise<boolean>> {
  const { served, come } = await pacedUnderLoad(burst);
  for (let i = 0; i < 400; i += 1) come(`attacker-${i % 20}`);
  return async (milliseconds) => {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      for (let i = 0; i < 20; i += 1) come(`attacker-${i}`);
      await vi.advanceTimersByTimeAsync(10);
    }
    const before = served.length;
    come('b');
    return served.length > before;
  };
}

test('RateLimiter never delays a client with two requests per second, whatever lies between them', async () => {
  const isServedAfter = await attacked(2);
  for (const pause of [300, 700, 300, 650, 350, 650, 320, 680, 10, 990, 10]) {
    expect(await isServedAfter(pause)).toBe(true);
  }
});

test('RateLimiter delays a client with more than two requests per 700 ms until it pauses', async () => {
  const isServedAfter = await attacked(2);
  const served: boolean[] = [];
  for (let i = 0; i < 10; i += 1) served.push(await isServedAfter(170));
  expect(served).toEqual([true, true, ...Array(8).fill(false)]);
  expect([await isServedAfter(700), await isServedAfter(0), await isServedAfter(0)]).toEqual([
    true,
    true,
    false,
  ]);
});

test('RateLimiter serves a client that has become infrequent at once, although older requests of it wait', async () => {
  const isServedAfter = await attacked(2);
  for (let i = 0; i < 60; i += 1) await isServedAfter(0);
  expect(await isServedAfter(750)).toBe(true);
});

test('RateLimiter with a burst of two serves two requests of a client at once, but not a third', async () => {
  const { served, come } = await pacedUnderLoad(2);
  for (let i = 0; i < 100; i += 1) come('a');
  const immediate = ['b', 'b', 'b', 'c'].map((client) => {
    const before = served.length;
    come(client);
    return served.length > before;
  });
  expect(immediate).toEqual([true, true, false, true]);
});

test('RateLimiter serves no more than its budget of many clients that keep sending', async () => {
  const { served, come } = await pacedUnderLoad();
  const clients = Array.from({ length: 10 }, (_, i) => `client-${i}`);
  for (let round = 0; round < 10; round += 1) for (const client of clients) come(client);
  const atStart = served.length;
  await vi.advanceTimersByTimeAsync(1_000);
  expect([atStart, served.length]).toEqual([10, 10 + 10 * 3]);
});

test('RateLimiter serves waiting clients in turn', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 0; i < 100; i += 1) come('a');
  for (let i = 0; i < 3; i += 1) come('b');
  await vi.advanceTimersByTimeAsync(100);
  expect(served.slice(4)).toEqual(['a at 100', 'b at 100', 'a at 100']);
  await vi.advanceTimersByTimeAsync(100);
  expect(served.slice(7)).toEqual(['b at 200', 'a at 200', 'a at 200']);
});

test('RateLimiter skips requests whose clients have gone', async () => {
  const { served, come } = await pacedUnderLoad();
  let isGone = false;
  for (let i = 0; i < 3; i += 1) come('a');
  for (let i = 0; i < 1_000; i += 1) come('a', () => isGone);
  come('a');
  isGone = true;
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toEqual([...Array(3).fill('a at 0'), 'a at 100']);
});

test('RateLimiter serves the newest request of a client first, so that one with more requests than turns gets some in time', async () => {
  const pace = new RateLimiter({ window: 8, budget: 2, burst: 1 });
  const attack = (client: string): void =>
    pace.admit({ client, isGone: () => false, serve: () => setImmediate(attack, client) });
  for (let i = 0; i < 100 * 5; i += 1) attack(`attacker-${i % 100}`);

  const TIMEOUT_MS = 5_000;
  let inTime = 0;
  for (let sent = 0; sent < 600; sent += 1) {
    const begin = performance.now();
    const serve = () => {
      if (performance.now() - begin <= TIMEOUT_MS) inTime += 1;
    };
    pace.admit({ client: 'busy', isGone: () => false, serve });
    await vi.advanceTimersByTimeAsync(100);
  }

  // 250 per second are 2.5 for each of 101 clients: a quarter of its 10 per second.
  expect(inTime).toBeGreaterThan(0.2 * 600);
});

test('RateLimiter forgets requests whose clients have gone, even behind one that still waits', async () => {
  const { come } = await pacedUnderLoad();
  for (let i = 0; i < 4; i += 1) come('a');
  const asked = vi.fn(() => true);
  for (let i = 0; i < 10_000; i += 1) {
    let calls = 0;
    come('a', () => calls++ > 0 && asked());
  }
  // Each is checked once, when there are too many, and not again.
  expect(asked.mock.calls.length).toBeGreaterThan(9_000);
  asked.mockClear();
  await vi.advanceTimersByTimeAsync(100);
  expect(asked.mock.calls.length).toBeLessThan(300);
});

test('RateLimiter delays all clients but infrequent ones while the process is busy', async () => {
  let isBusy = false;
  const { served, come } = await pacedUnderLoad(1, { isBusy: () => isBusy });
  come('a');
  isBusy = true;
  come('a');
  await vi.advanceTimersByTimeAsync(100);
  come('b');
  expect(served).toEqual(['a at 0', 'b at 100']);
  isBusy = false;
  await vi.advanceTimersByTimeAsync(100);
  expect(served.slice(2)).toEqual(['a at 200']);
});

test('RateLimiter at a moderate rate serves clients that share an address at once, in pairs, even while busy', async () => {
  const { served, come } = paced(1, { isBusy: () => true });
  for (let now = 0; now < 20_000; now += 2_000) {
    for (let i = 0; i < 2; i += 1) come('proxy');
    expect(served.splice(0)).toEqual(Array(2).fill(`proxy at ${now}`));
    await vi.advanceTimersByTimeAsync(2_000);
  }
});

test('RateLimiter at a moderate rate serves no more than four times its budget at the same moment', async () => {
  const pace = new RateLimiter({ window: 8, budget: 2, burst: 2 });
  const served: number[] = [];
  for (let i = 0; i < 25; i += 1) {
    pace.admit({
      client: 'mesh',
      isGone: () => false,
      serve: () => served.push(performance.now()),
    });
  }
  expect(served).toHaveLength(8);
  await vi.advanceTimersByTimeAsync(100);
  expect(served).toHaveLength(25);
});

test('RateLimiter delays a burst once it exceeds a moderate rate', async () => {
  const { served, come } = paced();
  for (let i = 0; i < 20; i += 1) come('a');
  expect(served).toHaveLength(3);
});

test('RateLimiter serves a hundred infrequent clients that arrive at the same moment in batches, newest first, and smaller ones while busy', async () => {
  let isBusy = false;
  const { served, come } = await pacedUnderLoad(1, { isBusy: () => isBusy });
  const names = (from: number, to: number, at: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${to - i} at ${at}`);
  for (let i = 1; i <= 100; i += 1) come(`${i}`);
  // Three at the pace, and eight times as many infrequent ones.
  expect(served.splice(0)).toEqual(names(1, 27, 0).reverse());
  await vi.advanceTimersByTimeAsync(100);
  expect(served.splice(0)).toEqual(names(77, 100, 100));
  isBusy = true;
  await vi.advanceTimersByTimeAsync(100);
  expect(served.splice(0)).toEqual(names(71, 76, 200));
  come('neighbour');
  await vi.advanceTimersByTimeAsync(100);
  expect(served[0]).toBe('neighbour at 300');
});

test('RateLimiter does not delay known clients behind a hundred infrequent ones, unless they are frequent', async () => {
  const isKnown = (client: string) => client.startsWith('pod');
  const { served, come } = await pacedUnderLoad(2, { isBusy: () => true, isKnown });
  for (let i = 1; i <= 100; i += 1) come(`${i}`);
  served.length = 0;
  for (let i = 0; i < 3; i += 1) for (let pod = 1; pod <= 20; pod += 1) come(`pod ${pod}`);
  const twice = Array.from({ length: 40 }, (_, i) => `pod ${(i % 20) + 1} at 0`);
  expect(served).toEqual(twice);
});

test('RateLimiter serves immediate and delayed requests through whileServing()', async () => {
  let works = 0;
  const whileServing = (work: () => void) => {
    works += 1;
    work();
  };
  const { served, come } = await pacedUnderLoad(1, { whileServing });
  works = 0;
  for (let i = 0; i < 5; i += 1) come('a');
  for (let i = 0; i < 30; i += 1) come(`${i}`);
  await vi.advanceTimersByTimeAsync(200);
  expect(served).toHaveLength(35);
  expect(works).toBe(35);
});

test('RateLimiter counts a large request of an infrequent client as four', async () => {
  const { served, come } = await pacedUnderLoad();
  for (let i = 1; i <= 20; i += 1) come(`${i}`, undefined, true);
  expect(served).toHaveLength(3 + 6);
});

test('RateLimiter counts a large request as four', async () => {
  const { served, come } = paced(0, { isBusy: () => true });
  come('a', undefined, true);
  expect(served).toEqual([]);
});
