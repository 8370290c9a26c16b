import { createSecureContext } from 'node:tls';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { until } from '../../lab/support/until.ts';
import type { Signal } from '../../src/model.ts';
import { type Connection, type Network, openConnection } from '../../src/probes/connection.ts';
import { Progress } from '../../src/probes/progress.ts';
import { blackHole } from '../support/black-hole.ts';
import { reset, ScriptedServer } from '../support/scripted-server.ts';
import { attempts } from './attempts.ts';
import { authority, serving } from './check-once.ts';

const live = new AbortController().signal;
const context = createSecureContext({ ca: authority.certificate });
const network: Network = {
  resolve: async () => ['127.0.0.1'],
  secureContext: () => context,
  insecure: false,
};
const stranger = await CertificateAuthority.create('a stranger');
const unverifiable = await stranger.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });

async function opened(url: URL, given: Partial<Network> = {}, signal = live): Promise<Connection> {
  const connection = await openConnection(url, { ...network, ...given }, new Progress(), signal, [
    'http/1.1',
  ]);
  onTestFinished(() => void connection.socket.destroy());
  return connection;
}

describe('openConnection()', () => {
  test.each([
    { what: 'plain HTTP', tls: undefined, insecure: false, verified: false },
    { what: 'plain HTTP, insecure', tls: undefined, insecure: true, verified: false },
    { what: 'a trusted certificate', tls: serving, insecure: false, verified: true },
    { what: 'a trusted certificate, insecure', tls: serving, insecure: true, verified: true },
    { what: 'a strange one, insecure', tls: unverifiable, insecure: true, verified: false },
  ])('over $what: verified is $verified', async ({ tls, insecure, verified }) => {
    const server = await ScriptedServer.start(tls ? { tls } : {});

    expect((await opened(server.url(), { insecure })).verified).toBe(verified);
  });

  test('treats an accepted certificate for another host as unverified', async () => {
    const server = await ScriptedServer.start({ tls: serving });

    const { verified } = await opened(server.url('/', 'stranger.test'), { insecure: true });

    expect(verified).toBe(false);
  });

  test('reads the trusted CAs again for each handshake', async () => {
    const server = await ScriptedServer.start({ tls: serving });
    const nobody = createSecureContext({ ca: stranger.certificate });

    await opened(server.url());
    await expect(opened(server.url(), { secureContext: () => nobody })).rejects.toThrow(/verify/);
  });

  test.each([
    { scheme: 'http', port: 80 },
    { scheme: 'https', port: 443 },
  ])('connects to port $port for $scheme', async ({ scheme, port }) => {
    const begun = attempts();
    const stop = new AbortController();

    const opening = opened(new URL(`${scheme}://127.0.0.1/`), {}, stop.signal).catch(() => {});
    await until('it is connecting', 2_000, () => begun.length > 0);
    stop.abort();
    await opening;

    expect(begun).toMatchObject([{ address: '127.0.0.1', port }]);
  });

  test.each([
    { what: 'plain', tls: undefined },
    { what: 'TLS', tls: serving },
  ])(
    'returns a socket whose later reset is not an uncaught error, and releases the signal ($what)',
    async ({ tls }) => {
      const server = await ScriptedServer.start({
        ...(tls ? { tls } : {}),
        script: reset,
      });
      const stop = new AbortController();
      const { socket } = await opened(server.url(), {}, stop.signal);

      stop.abort(new Error('stopped'));
      expect(socket.destroyed).toBe(false);

      const closed = new Promise((hadError) => socket.resume().once('close', hadError));
      socket.write('GET / HTTP/1.1\r\n\r\n');
      expect(await closed).toBe(true);
    },
  );
});

describe('openConnection() leaves no socket', () => {
  test('if the handshake fails', async () => {
    const server = await ScriptedServer.start({ tls: unverifiable });

    await expect(opened(server.url())).rejects.toThrow(/verify/);

    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });

  test('if the signal aborts during the handshake', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const server = await ScriptedServer.start({
      onAccept: (socket) => socket.once('data', () => stop.abort(reason)),
    });

    const url = new URL(`https://${server.url().host}/`);
    await expect(opened(url, {}, stop.signal)).rejects.toBe(reason);

    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });

  test('if the signal aborts as soon as it is connected', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const server = await ScriptedServer.start({ tls: serving });
    const secureContext = () => {
      stop.abort(reason);
      return context;
    };

    await expect(opened(server.url(), { secureContext }, stop.signal)).rejects.toBe(reason);

    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });
});

describe('openConnection() times out after 5 s for look-up and connection together', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each(['resolve', 'connect'] as const)('%s', async (phase) => {
    const port = await blackHole('127.0.0.1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const progress = new Progress();
    const resolve = (_: string, signal: Signal) =>
      new Promise<string[]>((found, fail) => {
        signal.addEventListener('abort', () => fail(signal.reason));
        if (phase === 'connect') setTimeout(() => found(['127.0.0.1']), 4_000);
      });
    let ended: unknown;
    const opening = openConnection(
      new URL(`http://server.test:${port}/`),
      { ...network, resolve },
      progress,
      live,
    ).catch((error: unknown) => {
      ended = error;
    });

    await vi.advanceTimersByTimeAsync(4_999);
    expect(ended).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await opening;

    expect(ended).toMatchObject({ name: 'TimeoutError', message: 'no response within 5 s' });
    expect(progress.phase).toBe(phase);
    expect(vi.getTimerCount()).toBe(0);
  });
});
