import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { hostileTlsServer, KEY_UPDATE, newSessionTicket } from '../support/hostile-tls.ts';
import { checkUrl, failed, serving } from './check-once.ts';

/** At least 27 bytes each: about ten reads. */
const MANY = 20_000;

test.each([
  { what: 'renews its keys', message: () => KEY_UPDATE },
  { what: 'gives tickets', message: newSessionTicket },
])(
  'httpProbe() ends the connection of a verified server that $what endlessly',
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

test('httpProbe() does not renegotiate', async () => {
  const failures: unknown[] = [];
  const server = tls
    .createServer(
      { cert: serving.certificate, key: serving.key, maxVersion: 'TLSv1.2' },
      (socket) => {
        socket.on('error', ({ code }: NodeJS.ErrnoException) => failures.push(code));
        socket.once('data', () => socket.renegotiate({}, () => {}));
      },
    )
    .listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const { phase } = failed(await checkUrl(new URL(`https://127.0.0.1:${port}/`)));

  expect(phase).toBe('response');
  await until('the server has seen it', 2_000, () => failures.length > 0);
  expect(failures).toEqual(['ERR_SSL_NO_RENEGOTIATION']);
});
