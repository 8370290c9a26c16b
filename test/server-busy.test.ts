import { once } from 'node:events';
import { connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../lab/support/until.ts';
import { ONLY_SERVING, type Serving } from '../src/rate-limiter.ts';
import { startServer } from '../src/server.ts';

/** Requests per second that exceed a tenth of the pace. */
const LOAD = 26;

/** Between two requests, in milliseconds, so that few arrive at the same moment. */
const BETWEEN_MS = 10;

/**
 * Serves `/`, while it is busy or not. `count()` resolves with how many connections Node knows of,
 * `connections()` returns how many it has known of since the first.
 */
async function serve(serving: Partial<Serving>) {
  const seen = Promise.withResolvers<Server>();
  const { http, close } = await startServer({
    address: '127.0.0.1',
    port: 0,
    tls: undefined,
    pages: {
      '/': (context) => {
        seen.resolve((context.socket as unknown as { server: Server }).server);
        context.body = 'here';
      },
    },
    serving: { ...ONLY_SERVING, ...serving },
    onError: () => {},
  });
  onTestFinished(close);
  const open = (localAddress: string): Socket => {
    const client = connect({ host: '127.0.0.1', port: http.port, localAddress });
    onTestFinished(() => void client.destroy());
    return client;
  };
  const count = async () => {
    const server = await seen.promise;
    return promisify(server.getConnections).call(server);
  };
  const first = open('127.0.0.5');
  await request(first);
  let known = 0;
  (await seen.promise).on('connection', () => (known += 1));
  first.destroy();
  return { open, count, connections: () => known };
}

/** Like `serve()`, under load that does not fade. */
async function serveUnderLoad(serving: Partial<Serving>) {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { open, count, connections } = await serve(serving);
  for (let i = 0; i < LOAD; i += 1) {
    const client = open('127.0.0.4');
    await request(client);
    client.destroy();
  }
  await until('they have gone', 5_000, async () => (await count()) === 0);
  return { open, count, connections };
}

/** Resolves with the beginning of the response to a request. */
function request(client: Socket, field = ''): Promise<string> {
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
  return once(client, 'data').then(String);
}

test('startServer() serves neighbours that share an address while it is busy', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { open } = await serve({ isBusy: () => true });
  for (let i = 0; i < 20; i += 1) {
    expect(await request(open('127.0.0.2'))).toMatch(/here$/);
    vi.advanceTimersByTime(BETWEEN_MS);
  }
});

test('startServer() delays further connections of a client while it is busy, and of no other client', async () => {
  let isBusy = false;
  const { open, count } = await serveUnderLoad({ isBusy: () => isBusy });
  isBusy = true;
  for (let i = 0; i < 2; i += 1) await request(open('127.0.0.2'));
  await once(open('127.0.0.2'), 'connect');
  await request(open('127.0.0.3'));
  // No event shows that it waits for longer than the pace requires.
  await sleep(100);
  expect(await count()).toBe(3);
  isBusy = false;
  await until('it is served', 5_000, async () => (await count()) === 4);
});

test('startServer() delays further requests of a client while it is busy, before they are parsed', async () => {
  let isBusy = false;
  const { open } = await serveUnderLoad({ isBusy: () => isBusy });
  isBusy = true;
  const client = open('127.0.0.2');
  for (let i = 0; i < 2; i += 1) expect(await request(client)).toMatch(/here$/);
  let isRefused = false;
  const third = request(client, 'Content-Length: 1\r\n').then((response) => {
    isRefused = true;
    return response;
  });
  expect(await request(open('127.0.0.3'))).toMatch(/here$/);
  // As above.
  await sleep(100);
  expect(isRefused).toBe(false);
  isBusy = false;
  expect(await third).toMatch(/^HTTP\/1.1 413 /);
});

test('startServer() serves no connection that is reset while it waits', async () => {
  let isBusy = false;
  const { open, connections } = await serveUnderLoad({ isBusy: () => isBusy });
  isBusy = true;
  for (let i = 0; i < 2; i += 1) await request(open('127.0.0.2'));
  const before = connections();
  const waiting = open('127.0.0.2');
  await once(waiting, 'connect');
  waiting.resetAndDestroy();
  isBusy = false;
  const last = open('127.0.0.2');
  await once(last, 'connect');
  expect(await request(last)).toMatch(/here$/);
  expect(connections()).toBe(before + 1);
});

test('startServer() delays a known client neither for strangers nor while it is busy', async () => {
  const isKnown = (client: string) => client === '127.0.0.2';
  let isBusy = false;
  const { open } = await serveUnderLoad({ isBusy: () => isBusy, isKnown });
  isBusy = true;
  let served = 0;
  const strangers = (subnet: number) => {
    for (let i = 1; i <= 50; i += 1) {
      void request(open(`127.${subnet}.0.${i}`)).then(() => (served += 1));
    }
  };
  strangers(1);
  const known = request(open('127.0.0.2'));
  // The newest of them go first.
  strangers(2);
  expect(await known).toMatch(/here$/);
  expect(served).toBeLessThan(25);
});

test('startServer() accepts, reads and closes connections through whileServing()', async () => {
  let works = 0;
  const whileServing = (work: () => void) => {
    works += 1;
    work();
  };
  const { open } = await serve({ whileServing });
  const done = (what: string, count: number) =>
    until(what, 5_000, async () => works === count).then(() => (works = 0));
  await done('the first one has come and gone, with a request', 7);
  const client = open('127.0.0.2');
  await done('it is accepted, and served', 2);
  client.write('GET');
  await done('what it has sent is read', 1);
  client.resetAndDestroy();
  await done('it is closed, and has gone', 2);
  const silent = open('127.0.0.2');
  await done('it is accepted, and served', 2);
  silent.end();
  await done('its end is read, it is closed, and has gone', 3);
});
