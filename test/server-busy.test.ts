import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startServer } from '../src/server.ts';

/** Serves `/`, while it is busy or not. */
async function serve(isBusy: () => boolean) {
  const server = await startServer({
    address: '127.0.0.1',
    port: 0,
    tls: undefined,
    pages: {
      '/': (context) => {
        context.body = 'here';
      },
    },
    isBusy,
    onError: () => {},
  });
  onTestFinished(server.close);
  return (localAddress: string): Socket => {
    const client = connect({ host: '127.0.0.1', port: server.http.port, localAddress });
    onTestFinished(() => void client.destroy());
    return client;
  };
}

/** Resolves with the response to a request, or its head. */
function request(client: Socket, field = ''): Promise<string> {
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${field}\r\n`);
  return once(client, 'data').then(String);
}

test.each([
  {
    what: 'connections',
    // It is refused before it would have to wait itself.
    requests: (open: () => Socket) => () => request(open(), 'Content-Length: 1\r\n'),
  },
  {
    what: 'requests over one connection',
    requests: (open: () => Socket) => {
      const client = open();
      return () => request(client);
    },
  },
])(
  'startServer() has further $what of a client wait while it is busy, and nobody else',
  async ({ requests }) => {
    let isBusy = true;
    const open = await serve(() => isBusy);
    const next = requests(() => open('127.0.0.2'));
    for (let i = 0; i < 2; i += 1) await next();
    let isServed = false;
    const third = next().then(() => {
      isServed = true;
    });
    expect(await request(open('127.0.0.3'))).toMatch(/here$/);
    // That it waits for longer than the pace has it wait is not to be seen from outside.
    await sleep(100);
    expect(isServed).toBe(false);
    isBusy = false;
    await third;
  },
);
