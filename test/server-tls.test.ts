import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request, type Server } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../lab/support/certificates.ts';
import { until } from '../lab/support/until.ts';
import { ONLY_SERVING } from '../src/rate-limiter.ts';
import { startServer } from '../src/server.ts';
import { countRenewals, floodTlsServer, KEY_UPDATE } from './support/hostile-tls.ts';

let authority: CertificateAuthority;

beforeAll(async () => {
  authority = await CertificateAuthority.create('test');
});

function issue(commonName: string): Promise<Certificate> {
  return authority.issue({ commonName, ipAddresses: ['127.0.0.1'] });
}

async function writePair(directory: string, { certificate, key }: Certificate): Promise<void> {
  await writeFile(join(directory, 'tls.crt'), certificate);
  await writeFile(join(directory, 'tls.key'), key);
}

type OnTestFinished = TestContext['onTestFinished'];

async function temporaryDirectory(onTestFinished: OnTestFinished): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kubenurse-tls-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Serves HTTP and HTTPS with the pair in the directory until the test has finished. */
async function serve(directory: string, onTestFinished: OnTestFinished) {
  const errors: string[] = [];
  const seen = Promise.withResolvers<Server>();
  const server = await startServer({
    address: '127.0.0.1',
    port: 0,
    tls: { port: 0, certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') },
    pages: {
      '/': (context) => {
        seen.resolve((context.socket as unknown as { server: Server }).server);
        context.body = context.protocol;
      },
    },
    serving: ONLY_SERVING,
    onError: (error, message) => errors.push(`${message}: ${error.message}`),
  });
  onTestFinished(() => server.close());
  const port = server.https?.port ?? 0;
  /** The name in the certificate that a new, verified connection sees. */
  const served = async () => {
    const outgoing = request({ host: '127.0.0.1', port, ca: authority.certificate, agent: false });
    const [response] = await once(outgoing.end(), 'response');
    response.resume();
    return (response.socket as TLSSocket).getPeerCertificate().subject.CN;
  };
  /** Node's HTTPS server, obtained through a request. */
  const nodeServer = async () => {
    await served();
    return seen.promise;
  };
  return { server, port, errors, served, nodeServer };
}

// Concurrent, because each waits for the next check of the files.
describe.concurrent('startServer() with a certificate', () => {
  test('reloads it when both files change', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { served } = await serve(directory, onTestFinished);
    expect(await served()).toBe('first');
    await writePair(directory, await issue('second'));
    await until('the second is served', 8_000, async () => (await served()) === 'second');
  });

  test('reloads it when its directory is swapped, as the kubelet does', async ({
    onTestFinished,
  }) => {
    const directory = await temporaryDirectory(onTestFinished);
    /** Replaces the pair to which `..data` points, in one step. */
    const swap = async (name: string) => {
      await mkdir(join(directory, name));
      await writePair(join(directory, name), await issue(name));
      await symlink(name, join(directory, '..data_tmp'));
      await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    };
    await swap('first');
    for (const file of ['tls.crt', 'tls.key']) {
      await symlink(join('..data', file), join(directory, file));
    }
    const { errors, served } = await serve(directory, onTestFinished);
    expect(await served()).toBe('first');
    await swap('second');
    await until('the second is served', 8_000, async () => (await served()) === 'second');
    expect(errors).toEqual([]);
  });

  test.for<[string, (directory: string) => Promise<unknown>, string]>([
    [
      'is none',
      (directory) => writeFile(join(directory, 'tls.crt'), 'no certificate'),
      'no start line',
    ],
    [
      'does not belong to the key',
      async (directory) =>
        writeFile(join(directory, 'tls.crt'), (await issue('other')).certificate),
      'key values mismatch',
    ],
    ['is gone', (directory) => rm(join(directory, 'tls.crt')), 'ENOENT'],
  ])(
    'keeps the previous one and reports an error when the new one %s',
    async ([, spoil, reason], { onTestFinished }) => {
      const directory = await temporaryDirectory(onTestFinished);
      await writePair(directory, await issue('first'));
      const { errors, served } = await serve(directory, onTestFinished);
      await spoil(directory);
      await until('it is reported', 8_000, () => errors.length > 0);
      expect(errors[0]).toContain('cannot load the changed certificate; keeping the previous one');
      expect(errors[0]).toContain(reason);
      expect(await served()).toBe('first');
    },
  );

  test('serves the same pages over HTTP', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { server, served } = await serve(directory, onTestFinished);
    expect(await served()).toBe('first');
    const response = await fetch(`http://127.0.0.1:${server.http.port}/`);
    expect(await response.text()).toBe('http');
  });

  test('closes although a client never begins the handshake', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { server, port, served } = await serve(directory, onTestFinished);
    const silent = connect({ host: '127.0.0.1', port });
    silent.on('error', () => {});
    await once(silent, 'connect');
    // The server has accepted it by the time it responds to a later one.
    await served();
    const begin = performance.now();
    await server.close();
    // A client may take 10 s for the handshake.
    expect(performance.now() - begin).toBeLessThan(8_000);
  });

  test('gives a client 10 s for the handshake', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { port } = await serve(directory, onTestFinished);
    const silent = connect({ host: '127.0.0.1', port });
    silent.on('error', () => {});
    await once(silent, 'connect');
    const begin = performance.now();
    await once(silent.resume(), 'close');
    const seconds = (performance.now() - begin) / 1_000;
    expect(seconds).toBeGreaterThan(9.9);
    expect(seconds).toBeLessThan(15);
  });

  test('keeps 150 connections, even of clients that never begin the handshake', async ({
    onTestFinished,
  }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { port, served } = await serve(directory, onTestFinished);
    const sockets = Array.from({ length: 200 }, (_, i) =>
      connect({ host: '127.0.0.1', port, localAddress: `127.0.6.${1 + (i % 10)}` }).on(
        'error',
        () => {},
      ),
    );
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    // Accepted after all of them, and long before a handshake times out.
    expect(await served()).toBe('first');
    expect(sockets.filter(({ closed }) => closed)).toHaveLength(51);
  });

  test('makes at most 50 handshakes per second with one client', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { served } = await serve(directory, onTestFinished);
    const begin = performance.now();
    for (let i = 0; i <= 30; i += 1) await served();
    // Thirty windows of 20 ms, except those at a moderate rate and the one of an infrequent client.
    expect(performance.now() - begin).toBeGreaterThanOrEqual(23 * 19);
  });

  test('survives a client that does not use TLS', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { port, errors, served } = await serve(directory, onTestFinished);
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    expect(await served()).toBe('first');
    expect(errors).toEqual([]);
  });

  test('does not start with an invalid one', async ({ onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    const { key } = await issue('first');
    await writePair(directory, { certificate: 'no certificate', key });
    await expect(serve(directory, onTestFinished)).rejects.toThrow(
      /^cannot use the certificate \S+tls.crt with the key \S+tls.key: .*no start line/,
    );
  });
});

test.for([
  ['a body', 'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n', /^HTTP\/1\.1 413 /],
  [
    'a second request before the first has its response',
    '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    /./,
  ],
] as const)(
  'startServer() over HTTPS closes the connection at %s',
  async ([, rest, expected], { onTestFinished }) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('kubenurse'));
    const { port } = await serve(directory, onTestFinished);
    const socket = connectTls({ host: '127.0.0.1', port, ca: authority.certificate });
    let received = '';
    socket.setEncoding('latin1').on('data', (text) => {
      received += text;
    });
    socket.on('error', () => {});
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${rest}`);
    await once(socket, 'close', { signal: AbortSignal.timeout(5_000) });
    expect(received).toMatch(expected);
    expect(received).not.toContain('200 OK');
  },
);

test.each<[what: string, messages: Buffer[]]>([
  ['renews its keys without end', Array(5_000).fill(KEY_UPDATE)],
  ...['GET', 'POST'].map((method): [string, Buffer[]] => [
    `sends the head of a ${method} in records of a byte`,
    [...`${method} / HTTP/1.1\r\nX: ${'x'.repeat(5_000)}`].map((byte) => Buffer.from(byte)),
  ]),
])(
  'startServer() closes the connection of a client that %s',
  async (_, messages) => {
    const directory = await temporaryDirectory(onTestFinished);
    await writePair(directory, await issue('first'));
    const { port, errors, served } = await serve(directory, onTestFinished);
    await expect(floodTlsServer(port, messages)).resolves.toBeUndefined();
    expect(await served()).toBe('first');
    expect(errors).toEqual([]);
  },
  8_000,
);

test('startServer() decrypts no more data of a client than it reads', async () => {
  const directory = await temporaryDirectory(onTestFinished);
  await writePair(directory, await issue('first'));
  const { port, nodeServer } = await serve(directory, onTestFinished);
  const renewals = countRenewals(await nodeServer());
  const head = [...`GET / HTTP/1.1\r\nX: ${'x'.repeat(20)}`].map((byte) => Buffer.from(byte));
  await floodTlsServer(port, [...head, ...Array(50).fill(KEY_UPDATE)]);
  expect(renewals()).toBe(0);
});

test('startServer() closes the connection of a client that begins another handshake', async () => {
  const directory = await temporaryDirectory(onTestFinished);
  await writePair(directory, await issue('first'));
  const { port, errors, served } = await serve(directory, onTestFinished);
  const client = connectTls({ port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  onTestFinished(() => void client.destroy());
  await once(client, 'secureConnect');
  const renegotiated = new Promise((resolve) => client.renegotiate({}, resolve));
  const closed = new Promise((resolve) => client.on('error', () => {}).once('close', resolve));
  expect(await Promise.race([closed, renegotiated])).not.toBe(null);
  expect(await served()).toBe('first');
  expect(errors).toEqual([]);
});

test('keeps 250 connections over HTTP besides those over HTTPS', async ({ onTestFinished }) => {
  const directory = await temporaryDirectory(onTestFinished);
  await writePair(directory, await issue('first'));
  const { server } = await serve(directory, onTestFinished);
  const sockets = Array.from({ length: 300 }, (_, i) =>
    connect({ host: '127.0.0.1', port: server.http.port, localAddress: `127.0.5.${1 + (i % 20)}` }),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on('error', () => {});
  await until('50 are closed', 5_000, () => sockets.filter(({ closed }) => closed).length === 50);
});
