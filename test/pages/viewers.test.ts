import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { boundViewers } from '../../src/pages/viewers.ts';
import { fetchPage, servePages } from '../support/served-pages.ts';

/** More than the kernel buffers if nobody reads. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'x');

/**
 * `closed`: which of the responses, numbered in the order in which they were made, were closed
 * before their end.
 */
async function serve() {
  let made = 0;
  const closed: number[] = [];
  const bounded = boundViewers(async () => {});
  const { port, errors } = await servePages({
    '/large': bounded((context) => {
      made += 1;
      const number = made;
      context.res.once('close', () => closed.push(number));
      context.body = LARGE;
    }),
    '/small': bounded((context) => {
      made += 1;
      context.body = 'all is well';
    }),
  });
  return { port, errors, closed, made: () => made };
}

/** A client at this address that requests `/large`, and reads nothing. */
async function lazyClient(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port, localAddress }).on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n');
  return socket;
}

test('boundViewers() closes the oldest response of the client that has the most when there are too many', async () => {
  const { port, errors, closed, made } = await serve();
  for (let number = 1; number <= 16; number++) {
    await lazyClient(port, number === 1 ? '127.0.0.2' : '127.0.0.3');
    await until('it is served', 5_000, () => made() === number);
  }
  expect(closed).toEqual([]);

  expect((await fetchPage(port, '/small')).body).toBe('all is well');

  await until('one is closed', 5_000, () => closed.length > 0);
  expect(closed).toEqual([2]);
  expect(errors).toEqual([]);
});

test('boundViewers() counts a viewer until its connection is closed, even if its response is written', async () => {
  const closed: number[] = [];
  let made = 0;
  const bounded = boundViewers(async () => {});
  const { port } = await servePages({
    '/large': bounded((context) => {
      made += 1;
      const number = made;
      context.socket.once('close', () => closed.push(number));
      // The kernel buffers all of it.
      context.body = LARGE.subarray(0, 100_000);
    }),
  });
  for (let number = 1; number <= 19; number++) {
    await lazyClient(port, '127.0.0.3');
    await until('it is served', 5_000, () => made === number);
  }
  await until('three are closed', 5_000, () => closed.length >= 3);
  expect(closed).toEqual([1, 2, 3]);
});

test('boundViewers() counts a connection once, however many pages it views', async () => {
  const { port, closed } = await serve();
  await lazyClient(port, '127.0.0.2');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (let i = 0; i < 20; i++) {
    const [response] = await once(
      get({ host: '127.0.0.1', port, path: '/small', agent }),
      'response',
    );
    await once(response.resume(), 'end');
  }
  expect(closed).toEqual([]);
});

test('boundViewers() makes one response after another, with rests in between', async () => {
  const { port } = await serve();
  const begin = performance.now();
  const all = await Promise.all(Array.from({ length: 11 }, () => fetchPage(port, '/small')));
  expect(all.map(({ status }) => status)).toEqual(Array(11).fill(200));
  // Ten rests of 50 ms, by a timer that may fire a millisecond early.
  expect(performance.now() - begin).toBeGreaterThan(480);
});

test('boundViewers() closes no viewer that waits, however many come after', async () => {
  const first = Promise.withResolvers<void>();
  let arrived = 0;
  const closed: unknown[] = [];
  const bounded = boundViewers(() => first.promise)((context) => {
    context.body = 'all is well';
  });
  const { port } = await servePages({
    '/large': (context) => {
      arrived += 1;
      context.res.once('close', () => context.res.writableFinished || closed.push(arrived));
      return bounded(context);
    },
  });
  const viewer = fetchPage(port, '/large');
  await until('it waits', 5_000, () => arrived === 1);
  for (let address = 1; address <= 20; address++) await lazyClient(port, `127.0.1.${address}`);
  await until('20 more wait', 5_000, () => arrived === 21);
  first.resolve();
  expect((await viewer).body).toBe('all is well');
  expect(closed).toEqual([]);
});

test('boundViewers() makes nothing for viewers that have gone', async () => {
  const first = Promise.withResolvers<void>();
  const [made, arrived, gone] = [{ count: 0 }, { count: 0 }, { count: 0 }];
  const bounded = boundViewers(async () => {})(async (context) => {
    made.count += 1;
    await first.promise;
    context.body = 'all is well';
  });
  const { port } = await servePages({
    '/large': (context) => {
      arrived.count += 1;
      context.res.once('close', () => (gone.count += 1));
      return bounded(context);
    },
  });
  const served = fetchPage(port, '/large');
  await until('the first is being made', 5_000, () => made.count === 1);
  const waiting = await Promise.all(
    Array.from({ length: 10 }, () => lazyClient(port, '127.0.0.4')),
  );
  await until('ten more wait', 5_000, () => arrived.count === 11);
  for (const socket of waiting) socket.destroy();
  await until('these have gone', 5_000, () => gone.count === 10);

  first.resolve();

  expect((await served).status).toBe(200);
  expect((await fetchPage(port, '/large')).status).toBe(200);
  expect(made.count).toBe(2);
});

test('boundViewers() makes a response when there is time for it', async () => {
  const [wanted, time] = [Promise.withResolvers<number>(), Promise.withResolvers<void>()];
  let made = 0;
  const bounded = boundViewers((milliseconds) => {
    wanted.resolve(milliseconds);
    return time.promise;
  });
  const { port } = await servePages({
    '/small': bounded((context) => {
      made += 1;
      context.body = 'all is well';
    }),
  });
  const served = fetchPage(port, '/small');
  expect(await wanted.promise).toBe(20);
  expect(made).toBe(0);
  time.resolve();
  expect((await served).body).toBe('all is well');
});

test('boundViewers() makes no page for a viewer that has gone before there is time', async () => {
  const made: string[] = [];
  const times: (() => void)[] = [];
  const bounded = boundViewers(() => new Promise<void>((resolve) => times.push(resolve)));
  const { port } = await servePages({
    '/page': bounded((context) => {
      made.push(context.ip);
      context.body = 'all is well';
    }),
    '/gone': (context) => {
      context.body = String(gone.destroyed);
    },
  });
  const gone = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
  onTestFinished(() => void gone.destroy());
  gone.write('GET /page HTTP/1.1\r\nHost: a\r\n\r\n');
  await until('it waits for time', 5_000, () => times.length === 1);
  gone.resetAndDestroy();
  await once(gone, 'close');
  // The server has seen that by then: its connection is older.
  await fetchPage(port, '/gone');
  times[0]?.();
  const second = fetchPage(port, '/page');
  await until('the next one waits for time', 5_000, () => times.length === 2);
  times[1]?.();
  expect((await second).body).toBe('all is well');
  expect(made).toHaveLength(1);
});
