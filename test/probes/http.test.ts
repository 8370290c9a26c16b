import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { resultText, type Timings } from '../../src/model.ts';
import {
  OK,
  pour,
  type Script,
  ScriptedServer,
  say,
  sayAndReset,
} from '../support/scripted-server.ts';
import { checkUrl, events, serving } from './check-once.ts';

const RESOLVE = ['dns_start', 'dns_done'];
const CONNECT = ['connect_start', 'connect_done'];
const HANDSHAKE = ['tls_handshake_start', 'tls_handshake_done'];
const ROUND_TRIP = ['got_conn', 'wrote_request', 'got_first_resp_byte'];

const targets = [
  { scheme: 'http', host: '127.0.0.1', trace: [...CONNECT, ...ROUND_TRIP] },
  { scheme: 'http', host: '::1', trace: [...CONNECT, ...ROUND_TRIP] },
  { scheme: 'http', host: 'server.test', trace: [...RESOLVE, ...CONNECT, ...ROUND_TRIP] },
  { scheme: 'https', host: '127.0.0.1', trace: [...CONNECT, ...HANDSHAKE, ...ROUND_TRIP] },
  { scheme: 'https', host: '::1', trace: [...CONNECT, ...HANDSHAKE, ...ROUND_TRIP] },
  {
    scheme: 'https',
    host: 'server.test',
    trace: [...RESOLVE, ...CONNECT, ...HANDSHAKE, ...ROUND_TRIP],
  },
];

function start(scheme: string, host: string, script?: Script): Promise<ScriptedServer> {
  return ScriptedServer.start({
    host: isIP(host) === 6 ? '::1' : '127.0.0.1',
    ...(scheme === 'https' ? { tls: serving } : {}),
    ...(script ? { script } : {}),
  });
}

describe('httpProbe() requests', () => {
  test.each(targets)('$scheme at $host, recording each moment in order', async (target) => {
    const server = await start(target.scheme, target.host);

    const began = performance.now();
    const outcome = await checkUrl(server.url('/', target.host));
    const elapsed = (performance.now() - began) / 1000;

    expect(outcome).toMatchObject({ kind: 'ok', code: '200' });
    expect(events(outcome)).toEqual(target.trace);
    const { duration } = outcome as { duration: number };
    const times = [0, ...Object.values(outcome.timings), duration, elapsed];
    expect(times.toSorted((a, b) => a - b)).toEqual(times);
  });

  test('with exactly these lines', async () => {
    const server = await start('http', '::1');

    await checkUrl(server.url('/path?query=1#fragment'), { headers: { 'X-Origin': 'pod-a' } });

    expect(server.requests).toEqual([
      [
        'GET /path?query=1 HTTP/1.1',
        `Host: [::1]:${server.port}`,
        'Connection: close',
        'User-Agent: test/1',
        'X-Origin: pod-a',
      ].join('\r\n'),
    ]);
  });

  test.each(['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'])(
    'upstream fault: %s in the environment sends checks of pods through a proxy',
    async (variable) => {
      const [proxy, http, https] = await Promise.all([
        start('http', '127.0.0.1'),
        start('http', '127.0.0.1'),
        start('https', '127.0.0.1'),
      ]);
      process.env[variable] = proxy.url().href;
      try {
        expect(await checkUrl(http.url())).toMatchObject({ kind: 'ok' });
        expect(await checkUrl(https.url())).toMatchObject({ kind: 'ok' });
      } finally {
        delete process.env[variable];
      }
      expect([proxy.accepted, http.accepted, https.accepted]).toEqual([0, 1, 1]);
    },
  );
});

describe('httpProbe() has its result when the head has arrived, and closes its connection', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
  const endlessBody: Script = (socket, ...rest) => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    pour('b'.repeat(65_536))(socket, ...rest);
  };
  const byteByByte: Script = async (socket) => {
    for (const byte of OK) {
      await new Promise((written) => socket.write(byte, written));
      await new Promise(setImmediate);
    }
  };
  const scripts: [string, Script][] = [
    ['where all has come', say(OK)],
    ['where the server hangs after the head', say(HEAD)],
    ['where the server resets after the head', sayAndReset(HEAD)],
    ['where the body has no end', endlessBody],
    ['where it comes byte by byte', byteByByte],
    [
      'where informational responses come first',
      say(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`),
    ],
    ['where the lines end with LF alone', say(OK.replaceAll('\r\n', '\n'))],
    ['where it is HTTP/1.0 without any field', say('HTTP/1.0 200 OK\r\n\r\n')],
  ];

  test.each(
    ['http', 'https'].flatMap((scheme) =>
      scripts.map(([title, script]) => ({ scheme, title, script })),
    ),
  )('$title ($scheme)', async ({ scheme, script }) => {
    const server = await start(scheme, '127.0.0.1', script);

    expect(await checkUrl(server.url())).toMatchObject({ kind: 'ok', code: '200' });

    await until('the connection is closed', 2_000, () => server.open.size === 0);
    expect(server.accepted).toBe(1);
  });

  test('recording the first byte when it arrives', async () => {
    const LOOKUP_INTERVAL_MS = 50;
    const server = await start('http', '127.0.0.1', (socket) => {
      socket.write(OK.slice(0, 1));
      setTimeout(() => socket.write(OK.slice(1)), LOOKUP_INTERVAL_MS);
    });

    const outcome = await checkUrl(server.url());

    const { duration, timings } = outcome as { duration: number; timings: Timings };
    expect(timings.got_first_resp_byte).toBeLessThan(duration - (LOOKUP_INTERVAL_MS / 1000) * 0.9);
  });

  test('upstream fault: a duration keeps growing until it is recorded', async () => {
    const server = await start('https', '127.0.0.1');

    const outcome = await checkUrl(server.url());
    const asGiven = structuredClone(outcome);
    await until('the connection is closed', 2_000, () => server.open.size === 0);

    expect(outcome).toEqual(asGiven);
  });
});

describe('httpProbe() treats a status other than 200 as unexpected', () => {
  test.each([
    { line: 'HTTP/1.1 503 Service Unavailable', status: 503, reason: 'Service Unavailable' },
    { line: 'HTTP/1.1 503 Am Ausruhen', status: 503, reason: 'Am Ausruhen' },
    { line: 'HTTP/1.1 503 M\xc3\xbcde', status: 503, reason: 'Müde' },
    {
      line: 'HTTP/1.1 503 \x1b[31mred\x9b0m\x7f\x00\xc2\x85.',
      status: 503,
      reason: ' [31mred\uFFFD0m .',
    },
    { line: 'HTTP/1.1 404 ', status: 404, reason: 'Not Found' },
    { line: 'HTTP/1.1 404', status: 404, reason: 'Not Found' },
    { line: 'HTTP/1.1 599', status: 599, reason: '' },
    { line: 'HTTP/1.1 204 No Content', status: 204, reason: 'No Content' },
    { line: 'HTTP/1.1 304 Not Modified', status: 304, reason: 'Not Modified' },
    { line: 'HTTP/1.1 302 Found', status: 302, reason: 'Found' },
    { line: 'HTTP/1.1 302 Found\r\nLocation:', status: 302, reason: 'Found' },
    { line: 'HTTP/1.1 101 Switching Protocols', status: 101, reason: 'Switching Protocols' },
    {
      line: 'HTTP/1.1 503 Service Unavailable\nServer: x',
      status: 503,
      reason: 'Service Unavailable',
    },
    { line: `HTTP/1.1 500 ${'long '.repeat(1_000)}`, status: 500, reason: 'long '.repeat(20) },
  ])('%#: $status $reason', async ({ line, status, reason }) => {
    const bytes = Buffer.from(`${line}\r\n\r\n`, 'latin1');
    const server = await start('http', '127.0.0.1', (socket) => void socket.write(bytes));

    const outcome = await checkUrl(server.url());

    expect(outcome).toMatchObject({ kind: 'failed', cause: 'status', code: String(status) });
    expect(resultText(outcome)).toBe(`${status} ${reason}`.trim());
    expect(events(outcome)).toEqual([...CONNECT, ...ROUND_TRIP]);
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });
});
