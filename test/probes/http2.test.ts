import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { createHttpProbe } from '../../src/probes/http.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { authority, checkUrl, events, failed, serving } from './check-once.ts';

type HttpResponse = (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void;

const ok: HttpResponse = (stream) => {
  stream.respond({ ':status': 200 });
  stream.end('ok');
};

class Http2Server {
  readonly url: URL;
  readonly requests: Record<string, unknown>[] = [];
  readonly handshakes: string[] = [];
  open = 0;

  private constructor(url: URL) {
    this.url = url;
  }

  /** Speaks only HTTP/2, by default, until the test has finished. */
  static async start(respond: HttpResponse = ok, allowHTTP1 = false): Promise<Http2Server> {
    const server: Http2SecureServer = createSecureServer({
      cert: serving.certificate,
      key: serving.key,
      allowHTTP1,
      maxSendHeaderBlockLength: 300_000,
      ALPNProtocols: allowHTTP1 ? ['h2', 'http/1.1'] : ['h2'],
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const started = new Http2Server(new URL(`https://server.test:${port}/path?a=b`));
    server.on('connection', (socket) => {
      started.open++;
      started.handshakes.push('begun');
      socket.on('error', () => {}).on('close', () => started.open--);
    });
    server.on('sessionError', () => {});
    server.on('request', (request, response) => {
      if (request.httpVersionMajor === 1) response.end('ok');
    });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {});
      started.requests.push(headers);
      respond(stream, headers);
    });
    onTestFinished(() => void server.close());
    return started;
  }
}

const TRACE = [
  'dns_start',
  'dns_done',
  'connect_start',
  'connect_done',
  'tls_handshake_start',
  'tls_handshake_done',
  'got_conn',
  'wrote_request',
  'got_first_resp_byte',
];

const context = createSecureContext({ ca: authority.certificate });

describe('httpProbe() of a server that speaks only HTTP/2', () => {
  test('gets its response, with the same events', async () => {
    const server = await Http2Server.start();

    const began = performance.now();
    const outcome = await checkUrl(server.url, { headers: { 'X-Origin': 'pod-a' } });
    const elapsed = (performance.now() - began) / 1000;

    expect(outcome).toMatchObject({ kind: 'ok', code: '200' });
    expect(events(outcome)).toEqual(TRACE);
    const { duration } = outcome as { duration: number };
    const times = [0, ...Object.values(outcome.timings), duration, elapsed];
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
    expect(server.requests).toEqual([
      expect.objectContaining({
        ':method': 'GET',
        ':scheme': 'https',
        ':authority': server.url.host,
        ':path': '/path?a=b',
        'user-agent': 'test/1',
        'x-origin': 'pod-a',
      }),
    ]);
    await until('the connection is closed', 2_000, () => server.open === 0);
  });

  test.each([
    { what: 'kept', idle: new IdleConnections() },
    { what: 'not kept', idle: undefined },
  ])(
    'performs the handshake that fails only the first time (connections $what)',
    async ({ idle }) => {
      const server = await Http2Server.start();
      const probe = createHttpProbe({
        resolve: async () => ['127.0.0.1'],
        secureContext: () => context,
        insecure: false,
        userAgent: 'test/1',
        idle,
      });
      const check = () => probe({ url: server.url }, AbortSignal.timeout(5_000));

      expect(await check()).toMatchObject({ kind: 'ok' });
      expect(server.handshakes).toHaveLength(2);
      expect(await check()).toMatchObject({ kind: 'ok' });
      expect(await check()).toMatchObject({ kind: 'ok' });
      expect(server.handshakes).toHaveLength(4);
    },
  );

  test('does not take frames before the response for its first byte', async () => {
    const stop = new AbortController();
    // By then, the client has read the server's SETTINGS and PING.
    const server = await Http2Server.start((stream) => {
      stream.session?.ping(() => stop.abort(new Error('no response')));
    });

    const outcome = await checkUrl(server.url, { signal: stop.signal });

    expect(failed(outcome).phase).toBe('response');
    expect(events(outcome)).toEqual(TRACE.slice(0, -1));
  });

  test('treats another status as unexpected', async () => {
    const server = await Http2Server.start((stream) =>
      stream.respond({ ':status': 503 }, { endStream: true }),
    );

    expect(await checkUrl(server.url)).toMatchObject({
      kind: 'failed',
      code: '503',
      error: { message: '503 Service Unavailable' },
    });
  });

  test.each([
    { what: '120 KB', fields: { a: 'a'.repeat(60_000), b: 'b'.repeat(60_000) } },
    {
      what: '990 fields',
      fields: Object.fromEntries(Array.from({ length: 990 }, (_, i) => [`a-${i}`, 'b'])),
    },
  ])('accepts a head of $what', async ({ fields }) => {
    const server = await Http2Server.start((stream) => {
      stream.respond({ ':status': 200, ...fields }, { endStream: true });
    });

    expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });
  });

  test('fails if the head has 1,100 fields', async () => {
    const fields = Object.fromEntries(Array.from({ length: 1_100 }, (_, i) => [`a-${i}`, 'b']));
    const server = await Http2Server.start((stream) => {
      stream.respond({ ':status': 200, ...fields }, { endStream: true });
    });

    expect(failed(await checkUrl(server.url))).toMatchObject({ phase: 'response' });
  });

  test('follows a redirect', async () => {
    const server = await Http2Server.start((stream, { ':path': path }) => {
      if (path === '/there') ok(stream, {});
      else stream.respond({ ':status': 302, location: '/there' }, { endStream: true });
    });

    expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });
    expect(server.requests.map((headers) => headers[':path'])).toEqual(['/path?a=b', '/there']);
  });

  test('accepts the response of a server that then goes away', async () => {
    const server = await Http2Server.start((stream) => {
      stream.session?.goaway(0);
      ok(stream, {});
    });

    expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });
  });

  test.each([
    { what: 'compressed', padding: 'a'.repeat(1_000) },
    { what: 'as it is', padding: '' },
  ])('follows a redirect with every character ($what), as over HTTP/1.1', async ({ padding }) => {
    const all = Array.from({ length: 0x100 - 0x21 }, (_, i) => String.fromCharCode(0x21 + i));
    const location = `/?${all.filter((each) => each !== '#' && each !== '\x7f').join('')}${padding}`;
    const server = await Http2Server.start((stream, { ':path': path }) => {
      if (path === '/path?a=b') stream.respond({ ':status': 302, location }, { endStream: true });
      else ok(stream, {});
    });

    expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });
    const { search } = new URL(location.replace(/[\x80-\xff]/g, escape), server.url);
    expect(server.requests[1]).toMatchObject({ ':path': `/${search}` });
  });

  test('sends a head larger than a frame', async () => {
    const server = await Http2Server.start();
    const long = 'b'.repeat(40_000);

    const outcome = await checkUrl(server.url, { headers: { 'X-Origin': long } });

    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(server.requests[0]).toMatchObject({ 'x-origin': long });
  });

  test('skips informational responses, up to 16', async () => {
    const server = await Http2Server.start((stream) => {
      for (let i = 0; i < 16; i++) stream.additionalHeaders({ ':status': 103 });
      ok(stream, {});
    });
    const endless = await Http2Server.start((stream) => {
      for (let i = 0; i < 100; i++) stream.additionalHeaders({ ':status': 103 });
    });

    expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });
    expect(failed(await checkUrl(endless.url))).toMatchObject({
      phase: 'response',
      text: expect.stringMatching(/: more than 16 informational responses \(1xx\)$/),
    });
  });

  test.each<[string, HttpResponse]>([
    ['resets the stream', (stream) => stream.close(2)],
    ['ends the session', (stream) => stream.session?.destroy()],
    ['says that it goes without a response', (stream) => stream.session?.goaway(2)],
  ])('fails in the response phase if it %s', async (_, respond) => {
    const server = await Http2Server.start(respond);

    const outcome = await checkUrl(server.url);

    expect(failed(outcome).phase).toBe('response');
    expect(events(outcome)).toContain('wrote_request');
    await until('the connection is closed', 2_000, () => server.open === 0);
  });

  test('ends with the signal', async () => {
    const reason = new Error('no response within the interval');
    const stop = new AbortController();
    const server = await Http2Server.start(() => stop.abort(reason));

    const { phase, cause } = failed(await checkUrl(server.url, { signal: stop.signal }));

    expect({ phase, cause }).toEqual({ phase: 'response', cause: reason });
    await until('the connection is closed', 2_000, () => server.open === 0);
  });
});

test('httpProbe() speaks HTTP/1.1 with a server that speaks both', async () => {
  const server = await Http2Server.start(ok, true);

  expect(await checkUrl(server.url)).toMatchObject({ kind: 'ok' });

  expect(server.handshakes).toHaveLength(1);
  expect(server.requests).toEqual([]);
});
