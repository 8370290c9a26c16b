import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  connect as connectTls,
  createSecureContext,
  createServer as createTlsServer,
} from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { limitOpenSsl } from '../src/openssl-limits.ts';
import type { Page } from '../src/pages/page.ts';
import { ONLY_SERVING } from '../src/rate-limiter.ts';
import { startServer } from '../src/server.ts';
import { authority, checkUrl, failed, serving } from './probes/check-once.ts';
import { collectGarbage } from './support/garbage.ts';
import {
  countRenewals,
  floodTlsServer,
  hostileTlsServer,
  KEY_UPDATE,
} from './support/hostile-tls.ts';
import { ScriptedServer } from './support/scripted-server.ts';
import { tlsInPieces } from './support/tls-pieces.ts';

await limitOpenSsl();
const context = createSecureContext({ ca: authority.certificate });

/** Nearly the longest certificate that is accepted. */
const { certificate, key } = await authority.issue({
  commonName: 'many',
  ipAddresses: ['127.0.0.1'],
  dnsNames: Array.from({ length: 700 }, (_, i) => `${i}`.padStart(40, 'n')),
});

/**
 * Connections that are closed, and the bytes that each may leave: 20 KB of the client, and 75 KB if
 * what OpenSSL was given is kept as well (measured).
 */
const FLOODS = 500;
const KEPT_BYTES = 45_000;

const CHANGE_CIPHER_SPEC = Buffer.from([20, 3, 3, 0, 1, 1]);
// Record types.
const [ALERT, SERVER_HELLO] = [21, 22];
/** A record of application data without data. */
const EMPTY_RECORD = Buffer.from([23, 3, 3, 0, 0]);

const FAILURE = expect.stringMatching(
  /: the server sent too many TLS records without data, or requests for another handshake \(uninitialized\)$/,
);

function checkLimited(url: URL) {
  return checkUrl(url, { secureContext: () => context });
}

describe('a check', () => {
  /** Checks a server whose certificates arrive in records of this many bytes. */
  async function checkInPieces(size: number) {
    const server = await ScriptedServer.start({ tls: { certificate, key } });
    const port = await tlsInPieces(server.port, size);
    return checkUrl(new URL(`https://127.0.0.1:${port}/`), {
      secureContext: () =>
        createSecureContext({ ca: authority.certificate, maxVersion: 'TLSv1.2' }),
    });
  }

  test('succeeds with a handshake in records of 64 bytes', async () => {
    expect(await checkInPieces(64)).toMatchObject({ kind: 'ok' });
  });

  test('fails with a handshake in more than a thousand records', async () => {
    expect(failed(await checkInPieces(16))).toMatchObject({ phase: 'handshake', text: FAILURE });
  });

  /** The beginning of a message that never ends: a ticket of 131 KB. */
  const piece = (nth: number) => Buffer.from([[4, 1, 255, 255][nth] ?? 0]);

  test('fails with a message in more than a thousand records after the handshake', async () => {
    const { url } = await hostileTlsServer(serving, piece, 1_001);
    expect(failed(await checkLimited(url))).toMatchObject({ phase: 'response', text: FAILURE });
  });

  test('fails with more than a thousand records between those of a message', async () => {
    const between = Array(31).fill(CHANGE_CIPHER_SPEC);
    const { url } = await hostileTlsServer(serving, piece, 40, between);
    expect(failed(await checkLimited(url))).toMatchObject({ phase: 'response', text: FAILURE });
  });
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'data may arrive in any number of records (%s)',
  async (version) => {
    const server = await ScriptedServer.start({
      tls: serving,
      script: async (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n');
        for (let i = 0; i < 3_000; i++) await new Promise((sent) => socket.write('x', sent));
      },
    });
    const signal = AbortSignal.timeout(8_000);
    const request = get(server.url(), { ca: authority.certificate, maxVersion: version, signal });
    const [response] = await once(request, 'response');
    expect(await text(response)).toHaveLength(3_000);
  },
);

describe('startServer() closes the connection of a client', () => {
  async function serve(pages: Readonly<Record<string, Page>> = {}) {
    const directory = await mkdtemp(join(tmpdir(), 'kubenurse-records-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const [certFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
    await writeFile(certFile, serving.certificate);
    await writeFile(keyFile, serving.key);
    const errors: Error[] = [];
    const server = await startServer({
      ...{ address: '127.0.0.1', port: 0, tls: { port: 0, certFile, keyFile }, pages },
      serving: ONLY_SERVING,
      onError: (error) => errors.push(error),
    });
    onTestFinished(() => server.close());
    return { port: server.https?.port ?? 0, errors };
  }

  test.each([
    { bytes: 64, isServed: true },
    { bytes: 8, isServed: false },
    { bytes: 1, isServed: false },
  ])(
    'whose ClientHello arrives in more than a hundred records ($bytes bytes in each: served $isServed)',
    async ({ bytes, isServed }) => {
      const { port, errors } = await serve();
      const piecewise = await tlsInPieces(port, bytes);
      const client = connectTls({ port: piecewise, rejectUnauthorized: false });
      let isSecure = false;
      client
        .on('error', () => {})
        .once('secureConnect', () => {
          isSecure = true;
          client.destroy();
        });
      await new Promise((closed) => client.once('close', closed));
      expect({ isSecure, errors }).toEqual({ isSecure: isServed, errors: [] });
    },
  );

  test('that renews its keys more than three times', async () => {
    const seen = Promise.withResolvers<Server>();
    const { port, errors } = await serve({
      '/': ({ socket }) => seen.resolve((socket as unknown as { server: Server }).server),
    });
    get({ port, rejectUnauthorized: false }).on('error', () => {});
    const renewals = countRenewals(await seen.promise);
    await floodTlsServer(port, Array(50).fill(KEY_UPDATE));
    expect(errors).toEqual([]);
    expect(renewals()).toBe(4);
  });

  test('that renews its keys endlessly, and keeps nothing of it', async () => {
    const server = createTlsServer({ cert: serving.certificate, key: serving.key });
    server.on('secureConnection', (socket) => socket.on('error', () => socket.destroy()).resume());
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    // As much as OpenSSL is given at once.
    const messages = Array(600).fill(KEY_UPDATE);
    const flood = async (count: number) => {
      for (let i = 0; i < count; i += 1) await floodTlsServer(port, messages);
      collectGarbage();
      const { rss, heapTotal, external } = process.memoryUsage();
      return rss - heapTotal - external;
    };
    const before = await flood(100);
    const after = await flood(FLOODS);
    expect(after - before).toBeLessThan(FLOODS * KEPT_BYTES);
  }, 30_000);

  /** The type of the first record in response to a ClientHello. */
  async function typeOfResponse(hello: Buffer): Promise<number> {
    const { port, errors } = await serve();
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(hello);
    const [received] = (await once(socket, 'data')) as [Buffer];
    expect(errors).toEqual([]);
    return received.readUInt8(0);
  }

  test.each([
    { length: 4_096, response: 'a ServerHello', type: SERVER_HELLO },
    { length: 4_097, response: 'an alert', type: ALERT },
  ])(
    'whose ClientHello has more than 4,096 bytes ($length: $response)',
    async ({ length, type }) => {
      const head = 5;
      const { length: shortest } = await helloWith(padding(0));
      const hello = await helloWith(padding(head + length - shortest));
      expect(await typeOfResponse(hello)).toBe(type);
    },
  );

  test.each([
    { list: 'authorities', count: 31, extension: authorities, type: SERVER_HELLO },
    { list: 'authorities', count: 32, extension: authorities, type: ALERT },
    { list: 'responders of OCSP', count: 20, extension: responders, type: SERVER_HELLO },
    { list: 'responders of OCSP', count: 21, extension: responders, type: ALERT },
  ])(
    'whose ClientHello names $list in more than 128 bytes ($count)',
    async ({ count, extension, type }) => {
      expect(await typeOfResponse(await helloWith(extension(count)))).toBe(type);
    },
  );

  test('that sends early data, which OpenSSL would skip', async () => {
    const { port, errors } = await serve();
    const socket = connect({ host: '127.0.0.1', port }).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.write(await helloWith(EARLY_DATA));
    socket.write(EMPTY_RECORD);
    await once(socket.resume(), 'close', { signal: AbortSignal.timeout(5_000) });
    expect(errors).toEqual([]);
  });
});

/** The extension that announces early data (RFC 8446, section 4.2.10). */
const EARLY_DATA = Buffer.from([0, 42, 0, 0]);

/** The extension with this many bytes of padding (RFC 7685). */
function padding(length: number): Buffer {
  return extensionOf(21, Buffer.alloc(length));
}

/** The extension with this many empty authority names, 4 bytes each (RFC 8446, section 4.2.4). */
function authorities(count: number): Buffer {
  return extensionOf(47, withLength(Buffer.from('00023000'.repeat(count), 'hex')));
}

/** The extension with this many empty responder names, 6 bytes each (RFC 6066, section 8). */
function responders(count: number): Buffer {
  const names = withLength(Buffer.from('0004a1023000'.repeat(count), 'hex'));
  return extensionOf(5, Buffer.concat([Buffer.from([1]), names, withLength(Buffer.alloc(0))]));
}

function extensionOf(type: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, type]), withLength(content)]);
}

function withLength(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([content.length >> 8, content.length & 255]), content]);
}

/** The record of a ClientHello whose last extension is this one. */
async function helloWith(extension: Buffer): Promise<Buffer> {
  const [inner, outer] = duplexPair();
  connectTls({ socket: inner }).on('error', () => {});
  const [hello] = (await once(outer, 'data')) as [Buffer];
  outer.destroy();
  // Record header, message header, version and random value come before session, ciphers and
  // compression.
  const session = 5 + 4 + 2 + 32;
  const ciphers = session + 1 + hello.readUInt8(session);
  const compression = ciphers + 2 + hello.readUInt16BE(ciphers);
  const extensions = compression + 1 + hello.readUInt8(compression);
  for (const at of [3, 7, extensions]) {
    hello.writeUInt16BE(hello.readUInt16BE(at) + extension.length, at);
  }
  return Buffer.concat([hello, extension]);
}
