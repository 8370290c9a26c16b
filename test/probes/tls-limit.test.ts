import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { hostileTlsServer, KEY_UPDATE, newSessionTicket } from '../support/hostile-tls.ts';
import { checkUrl, failed, serving } from './check-once.ts';

/** 27 bytes each at least: some ten reads. */
const MANY = 20_000;

test.each([
  { what: 'renews its keys', message: () => KEY_UPDATE },
  { what: 'gives tickets', message: newSessionTicket },
])(
  'httpProbe() ends the connection of a verified server that $what without end',
  async ({ message }) => {
    const server = await hostileTlsServer(serving, message, MANY);

    const { phase, text } = failed(
      await checkUrl(server.url, { signal: AbortSignal.timeout(60_000) }),
    );

    expect(phase).toBe('response');
    expect(text).toMatch(/: too many keys or tickets on one connection$/);
  },
);

test('httpProbe() lets a server renew its keys a few times', async () => {
  const server = await hostileTlsServer(serving, () => KEY_UPDATE, 50);
  const reason = new Error('long enough');
  const stop = new AbortController();
  setTimeout(() => stop.abort(reason), 500);

  expect(failed(await checkUrl(server.url, { signal: stop.signal })).cause).toBe(reason);
});

test('httpProbe() ends the connection of a server that negotiates anew without end', async () => {
  // Node's server counts them, too, as if the client had requested them.
  const limit = tls.CLIENT_RENEG_LIMIT;
  Object.assign(tls, { CLIENT_RENEG_LIMIT: Number.POSITIVE_INFINITY });
  const server = tls
    .createServer(
      { cert: serving.certificate, key: serving.key, maxVersion: 'TLSv1.2' },
      (socket) => {
        const again = () => socket.renegotiate({}, () => setImmediate(again));
        socket.on('error', () => {}).once('data', again);
      },
    )
    .listen(0, '127.0.0.1');
  onTestFinished(() => {
    Object.assign(tls, { CLIENT_RENEG_LIMIT: limit });
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const { text } = failed(await checkUrl(new URL(`https://127.0.0.1:${port}/`)));

  expect(text).toMatch(/: too many keys or tickets on one connection$/);
});
