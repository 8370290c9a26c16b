import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { CheckClock, CheckClocks, createCheckClocks } from '../../src/probes/check-clock.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { OK } from '../support/scripted-server.ts';
import { startThreadServer } from '../support/thread-server.ts';
import { checkUrl, serving } from './check-once.ts';
import {
  AT_ONCE,
  busyFor,
  durationOf,
  SERVING_MS,
  SLOW_MS,
  serveClients,
  serveInEachStep,
} from './serve-clients.ts';

const tls = { cert: serving.certificate, key: serving.key };
const schemes = [
  { scheme: 'http', tls: undefined },
  { scheme: 'https', tls },
];

test.each(schemes)(
  'httpProbe() does not measure the time spent on clients ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[0, OK]]);
    const clocks = await createCheckClocks();
    const idle = new IdleConnections();
    onTestFinished(() => idle.close());
    // Over a kept connection, a check waits only for the response.
    await checkUrl(url, { idle });
    const duration = await durationOf(
      () => checkUrl(url, { idle, clocks }),
      () => serveClients(clocks),
    );
    expect(duration).toBeLessThan(SERVING_MS / 2);
  },
);

test('httpProbe() does not measure the time spent on clients while it connects', async () => {
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
  'httpProbe() does not measure the time spent on clients in any step of a new connection ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[0, OK]]);
    const clocks = await createCheckClocks();
    const duration = await durationOf(
      () => checkUrl(url, { clocks }),
      () => serveInEachStep(clocks),
    );
    expect(duration).toBeLessThan(SERVING_MS / 2);
  },
);

test.each(schemes)(
  'httpProbe() measures all of the time until the response arrives ($scheme)',
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
  'httpProbe() measures all of the time until the last piece of a head arrives ($scheme)',
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

test.each(schemes)(
  'httpProbe() measures all of the time until the rest of a head arrives over a kept connection ($scheme)',
  async ({ tls }) => {
    const first = OK.slice(0, 10);
    const url = await startThreadServer(tls, [
      [0, first],
      [SLOW_MS, OK.slice(first.length)],
    ]);
    const clocks = await createCheckClocks();
    const idle = new IdleConnections();
    onTestFinished(() => idle.close());
    await checkUrl(url, { idle });
    // The first piece arrives meanwhile, and then no client is served.
    const serve = async () => clocks.whileServing(() => busyFor(SLOW_MS / 3));
    const duration = await durationOf(() => checkUrl(url, { idle, clocks }), serve);
    expect(duration).toBeGreaterThanOrEqual(SLOW_MS);
  },
);

describe('CheckClock', () => {
  let [isThere, received, read] = [false, 0, 0];
  const socket = {
    get bytesRead() {
      return read;
    },
  } as Socket;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    [isThere, received, read] = [true, 10, 0];
  });

  afterEach(() => void vi.useRealTimers());

  /**
   * How much of 20 ms the clock shows. A client is served after 10 and after 20 ms, with
   * `meanwhile` in between. Then everything is read.
   */
  function shownOf(meanwhile: (clock: CheckClock) => void): number {
    const clocks = new CheckClocks({
      poll: (running) => running.map(() => isThere),
      bytesReceived: () => received,
    });
    using clock = new CheckClock(clocks);
    clock.reading(socket);
    clocks.whileServing(() => {});
    const before = clock.now();
    vi.advanceTimersByTime(10);
    clocks.whileServing(() => {});
    meanwhile(clock);
    vi.advanceTimersByTime(10);
    clocks.whileServing(() => {});
    read = received;
    const arrivedAt = clock.arrivedAt();
    expect(clock.arrivedAt()).toBe(arrivedAt);
    clock.received();
    expect(clock.now()).toBe(arrivedAt);
    return arrivedAt - before;
  }

  test('stands still while what it waits for is there, even between two clients', () => {
    expect(shownOf(() => {})).toBe(0);
  });

  test.each([
    { what: 'a connection is made', bytes: 0 },
    { what: 'bytes are there', bytes: 10 },
  ])('keeps running until $what', ({ bytes }) => {
    [isThere, received] = [false, bytes];
    const shown = shownOf(() => {
      isThere = true;
    });
    expect(shown).toBe(20);
  });

  test('keeps running until all of it is there', () => {
    expect(shownOf(() => (received += 10))).toBe(20);
  });

  test('keeps running if what was there has been read and more has arrived', () => {
    const shown = shownOf(() => {
      read = received;
      received += 10;
    });
    expect(shown).toBe(20);
  });

  test('keeps running if what was there has been read', () => {
    const shown = shownOf(() => {
      read = received;
      isThere = false;
    });
    expect(shown).toBe(20);
  });

  test('shows when something arrived, and stands still for it only if the check waits for it', () => {
    const times: number[] = [];
    const shown = shownOf((clock) => {
      read = received;
      times.push(clock.arrivedAt(), clock.now());
      received += 10;
    });
    expect(times[1]).toBe((times[0] ?? 0) + 10);
    expect(shown).toBe(20);
  });

  test('never goes back, even if it should have stood still for longer', () => {
    const shown = shownOf((clock) => void clock.now());
    expect(shown).toBe(10);
  });
});

describe('CheckClock keeps running', () => {
  const MS = 10;
  let clocks: CheckClocks;
  let clock: CheckClock;
  let start: number;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    clocks = new CheckClocks({ poll: (all) => all.map(() => true), bytesReceived: () => 10 });
    clock = new CheckClock(clocks);
    start = clock.now();
  });

  afterEach(() => {
    clock[Symbol.dispose]();
    vi.useRealTimers();
  });

  /** Something is there when a client is served, and is received some time later. */
  function serveAndReceive(): void {
    clocks.whileServing(() => {});
    vi.advanceTimersByTime(MS);
  }

  test('if no poll has seen what is received', () => {
    clock.reading({ bytesRead: 11 } as Socket);
    serveAndReceive();
    expect(clock.arrivedAt() - start).toBe(MS);
  });

  test('if another attempt to connect has failed', () => {
    clock.connecting({} as Socket);
    serveAndReceive();
    clock.connected({} as Socket);
    expect(clock.now() - start).toBe(MS);
  });

  test('if one of the things that it waits for concurrently comes to nothing', () => {
    using branch = clock.branch();
    branch.reading({} as Socket);
    serveAndReceive();
    branch.received();
    branch.reading({} as Socket);
    clock.join([branch]);
    expect(clock.now() - start).toBe(MS);
  });
});

test('CheckClocks polls nothing while no check runs', async () => {
  const poll = vi.fn(() => [false]);
  const clocks = new CheckClocks({ poll, bytesReceived: () => 0 });
  const serve = vi.fn();
  clocks.whileServing(serve);
  expect(poll).not.toHaveBeenCalled();
  const url = await startThreadServer(undefined, [[0, OK]]);
  await checkUrl(url, { clocks });
  clocks.whileServing(serve);
  expect(poll).not.toHaveBeenCalled();
  expect(serve).toHaveBeenCalledTimes(2);
});

test('CheckClocks polls no more than the last 32 checks', () => {
  const poll = vi.fn((clocks: readonly unknown[]) => clocks.map(() => false));
  const clocks = new CheckClocks({ poll, bytesReceived: () => 0 });
  const running = Array.from({ length: 40 }, () => new CheckClock(clocks));
  clocks.whileServing(() => {});
  expect(poll.mock.calls[0]).toEqual([running.slice(8)]);
  for (const clock of running) clock[Symbol.dispose]();
  poll.mockClear();
  clocks.whileServing(() => {});
  expect(poll).not.toHaveBeenCalled();
});

test('CheckClocks polls before and after each client, but not meanwhile', () => {
  const poll = vi.fn(() => [false]);
  const clocks = new CheckClocks({ poll, bytesReceived: () => 0 });
  using _clock = new CheckClock(clocks);
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
