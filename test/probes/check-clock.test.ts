import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Outcome } from '../../src/model.ts';
import { type CheckClock, CheckClocks, createCheckClocks } from '../../src/probes/check-clock.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { OK } from '../support/scripted-server.ts';
import { startThreadServer } from '../support/thread-server.ts';
import { checkUrl, serving } from './check-once.ts';

/** For how long the program serves its clients, and how long each takes, in milliseconds. */
const SERVING_MS = 300;
const CLIENT_MS = 3;

/** How many of them may come at once. */
const AT_ONCE = 15;

/** When a slow server responds, in milliseconds: while clients are served. */
const SLOW_MS = 150;

const tls = { cert: serving.certificate, key: serving.key };
const schemes = [
  { scheme: 'http', tls: undefined },
  { scheme: 'https', tls },
];

function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Begins what `begin` does, and has `serve` serve clients right after. Returns the duration in milliseconds. */
async function durationOf(begin: () => Promise<Outcome>, serve: () => Promise<void>) {
  const outcome = begin();
  await new Promise(setImmediate);
  await serve();
  const { kind, duration = Number.NaN } = (await outcome) as { kind: string; duration?: number };
  expect(kind).toBe('ok');
  return duration * 1000;
}

/** One client after another: all at once, or some in each turn of the event loop. */
async function serveClients(clocks: CheckClocks, atOnce = SERVING_MS / CLIENT_MS): Promise<void> {
  for (let served = 0; served < SERVING_MS / CLIENT_MS; served += atOnce) {
    for (let i = 0; i < atOnce; i += 1) clocks.whileServing(() => busyFor(CLIENT_MS));
    await new Promise(setImmediate);
  }
}

test.each(schemes)(
  'httpProbe() does not measure for how long the program serves its clients ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[0, OK]]);
    const clocks = await createCheckClocks();
    const idle = new IdleConnections();
    onTestFinished(() => idle.close());
    // Over a kept connection, the response is all that is waited for.
    await checkUrl(url, { idle });
    const duration = await durationOf(
      () => checkUrl(url, { idle, clocks }),
      () => serveClients(clocks),
    );
    expect(duration).toBeLessThan(SERVING_MS / 2);
  },
);

test('httpProbe() does not measure it while a connection is made', async () => {
  const url = await startThreadServer(undefined, [[0, OK]]);
  const clocks = await createCheckClocks();
  const outcome = checkUrl(url, { clocks });
  // Node begins to connect in the next tick.
  await Promise.resolve();
  await new Promise((resolve) => process.nextTick(resolve));
  await serveClients(clocks);
  const { timings } = await outcome;
  expect(timings.connect_done).toBeLessThan(SERVING_MS / 2000);
});

test.each(schemes)(
  'httpProbe() measures all of the time until the response comes ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[SLOW_MS, OK]]);
    const clocks = await createCheckClocks();
    const duration = await durationOf(
      () => checkUrl(url, { clocks }),
      () => serveClients(clocks, AT_ONCE),
    );
    expect(duration).toBeGreaterThanOrEqual(SLOW_MS);
  },
);

test.each(schemes)(
  'httpProbe() measures all of the time until the last piece of a head comes ($scheme)',
  async ({ tls }) => {
    const pieces = OK.match(/[^\n]+\n?/g) ?? [];
    const wait = SLOW_MS / pieces.length;
    const url = await startThreadServer(
      tls,
      pieces.map((piece) => [wait, piece] as const),
    );
    const clocks = await createCheckClocks();
    const head = wait * (pieces.length - 1);
    const duration = await durationOf(
      () => checkUrl(url, { clocks }),
      () => serveClients(clocks, AT_ONCE),
    );
    expect(duration).toBeGreaterThanOrEqual(head);
  },
);

describe('CheckClock', () => {
  let [isThere, bytesRead] = [false, 0];
  const socket = {
    get bytesRead() {
      return bytesRead;
    },
  } as Socket;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    [isThere, bytesRead] = [true, 0];
  });

  afterEach(() => void vi.useRealTimers());

  /** How much of the time after a look its clock shows, where `meanwhile` happens before the next one. */
  function shownOf(milliseconds: number, meanwhile: (clock: CheckClock) => void): number {
    const clocks = new CheckClocks((clocks) => clocks.map(() => isThere));
    using clock = clocks.start();
    clock.reading(socket);
    clocks.whileServing(() => {});
    const before = clock.now();
    vi.advanceTimersByTime(milliseconds);
    meanwhile(clock);
    clocks.whileServing(() => {});
    return clock.now() - before;
  }

  test('stands still between two clients, too', () => {
    expect(shownOf(10, () => {})).toBe(0);
  });

  test('goes on where there was nothing', () => {
    isThere = false;
    const shown = shownOf(10, () => {
      isThere = true;
    });
    expect(shown).toBe(10);
  });

  test('goes on where what was there has been read, though there is more by now', () => {
    expect(shownOf(10, () => (bytesRead += 1))).toBe(10);
  });

  test('never goes back, though it should have stood still for longer', () => {
    const shown = shownOf(10, (clock) => {
      clock.now();
      vi.advanceTimersByTime(20);
    });
    expect(shown).toBe(10);
  });

  test('stands still until that which was there is read', () => {
    const times: number[] = [];
    expect(shownOf(10, (clock) => times.push(clock.arrivedAt(), clock.arrivedAt()))).toBe(0);
    expect(times[0]).toBe(times[1]);
  });

  test('shows the time again for which something else was there', () => {
    const shown = shownOf(10, (clock) => {
      clock.arrivedAt();
      clock.receivedOther();
    });
    expect(shown).toBe(10);
  });

  test('never shows that for which what it waited for was there', () => {
    const shown = shownOf(10, (clock) => {
      clock.arrivedAt();
      clock.received();
      clock.receivedOther();
    });
    expect(shown).toBe(0);
  });
});

test('CheckClocks looks at nothing while no check runs', async () => {
  const poll = vi.fn(() => [false]);
  const clocks = new CheckClocks(poll);
  const serve = vi.fn();
  clocks.whileServing(serve);
  expect(poll).not.toHaveBeenCalled();
  const url = await startThreadServer(undefined, [[0, OK]]);
  await checkUrl(url, { clocks });
  clocks.whileServing(serve);
  expect(poll).not.toHaveBeenCalled();
  expect(serve).toHaveBeenCalledTimes(2);
});

test('CheckClocks looks at no more than the last 16 checks', () => {
  const poll = vi.fn((clocks: readonly unknown[]) => clocks.map(() => false));
  const clocks = new CheckClocks(poll);
  const running = Array.from({ length: 20 }, () => clocks.start());
  clocks.whileServing(() => {});
  expect(poll.mock.calls[0]).toEqual([running.slice(4)]);
  for (const clock of running) clock[Symbol.dispose]();
  poll.mockClear();
  clocks.whileServing(() => {});
  expect(poll).not.toHaveBeenCalled();
});

test('CheckClocks looks before and after each client, and not within', () => {
  const poll = vi.fn(() => [false]);
  const clocks = new CheckClocks(poll);
  using _clock = clocks.start();
  clocks.whileServing(() => clocks.whileServing(() => expect(poll).toHaveBeenCalledOnce()));
  expect(poll).toHaveBeenCalledTimes(2);
  expect(() =>
    clocks.whileServing(() => {
      throw new Error('a fault');
    }),
  ).toThrow('a fault');
  clocks.whileServing(() => {});
  expect(poll).toHaveBeenCalledTimes(6);
});
