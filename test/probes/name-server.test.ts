import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as Listener, type Socket } from 'node:net';
import {
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listenOnBoth } from '../../lab/support/listen-on-both.ts';
import type { Transport } from '../../src/probes/dns-exchange.ts';
import { createNameServerProbe } from '../../src/probes/name-server.ts';
import { closedPort } from '../support/closed-port.ts';
import { nameServer } from '../support/name-server.ts';

const NAME = 'kubernetes.default.svc.cluster.local';
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp'];
const UNUSED = { url: new URL('dns:unused') };

type Server = Readonly<{ address: string; port: number }>;

function query(
  server: Server,
  transport: Transport,
  { names = [NAME] as readonly [string, ...string[]], signal = AbortSignal.timeout(8_000) } = {},
) {
  const probe = createNameServerProbe({ server, transport, type: 'A', names: () => names });
  return probe(UNUSED, signal);
}

const OVER = { udp: '', tcp: ' over TCP' };

/** A server that sends what `respond` returns for each query, over UDP and over TCP. */
async function responding(respond: (query: Buffer) => readonly Buffer[]): Promise<Server> {
  const [datagrams, listener] = await listenOnBoth('127.0.0.1', 0);
  onTestFinished(() => void datagrams.close());
  datagrams.on('message', (message, { port, address }) => {
    for (const each of respond(message)) datagrams.send(each, port, address);
  });
  return talkingOn(listener, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      for (const each of respond(bytes.subarray(2))) {
        socket.write(Buffer.concat([Buffer.from([each.length >> 8, each.length & 255]), each]));
      }
    });
  });
}

/** A TCP server that calls `talk` with each connection. */
async function talking(talk: (socket: Socket) => void): Promise<Server> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return talkingOn(listener, talk);
}

function talkingOn(listener: Listener, talk: (socket: Socket) => void): Server {
  const connections = new Set<Socket>();
  listener.on('connection', (socket) => {
    connections.add(socket);
    socket.on('error', () => {});
    talk(socket);
  });
  onTestFinished(() => {
    listener.close();
    for (const each of connections) each.destroy();
  });
  return { address: '127.0.0.1', port: (listener.address() as AddressInfo).port };
}

/** What a correct server would respond with, with this change. */
function changed(change: Partial<Packet>): (query: Buffer) => [Buffer] {
  return (message) => {
    const { id = 0, questions = [] } = decode(message);
    const answers = [{ type: 'A', name: NAME, data: '10.96.0.1' }] as const;
    const flags = RECURSION_AVAILABLE;
    return [encode({ type: 'response', id, flags, questions, answers: [...answers], ...change })];
  };
}

describe.each(TRANSPORTS)('a check of a name server over %s', (transport) => {
  const shown = `127.0.0.1${OVER[transport]} for A ${NAME}`;

  test('succeeds with the record', async () => {
    const server = await nameServer({ [NAME]: ['10.96.0.1'] });
    const outcome = await query(server, transport);
    expect(outcome).toMatchObject({ kind: 'ok', code: 'ok' });
    const { dns_start: start, dns_done: done } = outcome.timings;
    expect(start).toBe(0);
    expect(done).toBeLessThan(1);
    expect(done).toBe(outcome.duration);
    expect(server.queries).toEqual([{ name: NAME, type: 'A' }]);
  });

  test.each([
    [3, 'dns_nxdomain', 'no such name (ENOTFOUND)'],
    [2, 'dns_servfail', 'the name server failed (ESERVFAIL)'],
    [5, 'dns_refused', 'the name server refused the query (EREFUSED)'],
    [0, 'dns_nodata', 'the name has no such record (ENODATA)'],
    [4, 'dns_error', 'response code 4'],
  ])('fails on the code %i as %s', async (flags, event, why) => {
    const server = await responding(changed({ flags, answers: [] }));
    expect(await query(server, transport)).toMatchObject({
      kind: 'failed',
      event,
      cause: 'dns',
      error: { message: `querying ${shown}: ${why}` },
    });
  });

  test('fails after 2 s if the server is silent', { timeout: 10_000 }, async () => {
    const server = await nameServer();
    server.break('silent');
    const start = performance.now();
    expect(await query(server, transport)).toMatchObject({
      event: 'dns_timeout',
      error: { message: `querying ${shown}: no response within 2 s` },
    });
    expect(performance.now() - start).toBeLessThan(5_800);
    expect(server.queries).toHaveLength(transport === 'udp' ? 2 : 1);
  });

  test('fails if nobody listens', async () => {
    const server = { address: '127.0.0.1', port: await closedPort('127.0.0.1') };
    expect(await query(server, transport)).toMatchObject({
      event: 'dns_unreachable',
      error: { message: `querying ${shown}: connection refused (ECONNREFUSED)` },
    });
  });

  test('succeeds with a truncated response', async () => {
    const flags = TRUNCATED_RESPONSE;
    const server = await responding(changed({ flags, answers: [] }));
    expect(await query(server, transport)).toMatchObject({ kind: 'ok' });
  });

  test('queries further names only while the previous ones do not exist', async () => {
    const server = await nameServer({ 'b.test': ['10.96.0.1'] });
    const names = ['a.test', 'b.test', 'c.test'] as const;
    expect(await query(server, transport, { names })).toMatchObject({ kind: 'ok' });
    expect(server.queries.map(({ name }) => name)).toEqual(['a.test', 'b.test']);
    server.break('servfail');
    expect(await query(server, transport, { names })).toMatchObject({ event: 'dns_servfail' });
    expect(server.queries).toHaveLength(3);
    server.break('nxdomain');
    expect(await query(server, transport, { names })).toMatchObject({
      event: 'dns_nxdomain',
      error: { message: expect.stringContaining('A a.test') },
    });
  });

  test('ends when its signal aborts', async () => {
    const server = await nameServer();
    server.break('silent');
    const start = performance.now();
    const outcome = await query(server, transport, { signal: AbortSignal.timeout(200) });
    expect(outcome.kind).toBe('failed');
    expect(performance.now() - start).toBeLessThan(1_950);
  });

  test.each([
    ['another id', changed({ id: 1 })],
    ['another question', changed({ questions: [{ type: 'A', name: 'b.test' }] })],
    ['garbage', () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['nothing in it', () => [Buffer.alloc(0)]],
  ])('fails with %s in every response', { timeout: 10_000 }, async (_, respond) => {
    const server = await responding(respond);
    expect(await query(server, transport)).toMatchObject({
      event: 'dns_error',
      error: { message: `querying ${shown}: invalid response: it does not match the query` },
    });
  });
});

describe('a check of a name server over UDP', () => {
  test('ignores packets that are not a response, and accepts the one that is', async () => {
    const right = changed({});
    const wrong = changed({ id: 1 });
    const server = await responding((message) => [
      Buffer.from('x'),
      ...wrong(message),
      ...right(message),
    ]);
    expect(await query(server, 'udp')).toMatchObject({ kind: 'ok' });
  });

  test('fails on a flood of them', async () => {
    const server = await responding(() => Array.from({ length: 150 }, () => Buffer.from('x')));
    const start = performance.now();
    expect(await query(server, 'udp')).toMatchObject({ event: 'dns_error' });
    expect(performance.now() - start).toBeLessThan(1_950);
  });

  test('ignores packets from other addresses', async () => {
    const server = await nameServer({ [NAME]: ['10.96.0.1'] });
    server.break('silent');
    const forger = createSocket('udp4').bind(0, '127.0.0.2');
    onTestFinished(() => void forger.close());
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => void silent.close());
    await Promise.all([once(forger, 'listening'), once(silent, 'listening')]);
    silent.on('message', (message, { port }) => {
      for (const each of changed({})(message)) forger.send(each, port, '127.0.0.1');
    });
    expect(await query(silent.address(), 'udp')).toMatchObject({ event: 'dns_timeout' });
  });

  test('sends a second packet if the first is lost', async () => {
    let packets = 0;
    const right = changed({});
    const server = await responding((message) => (++packets === 1 ? [] : right(message)));
    const outcome = await query(server, 'udp');
    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(outcome.duration).toBeGreaterThan(0.9);
  });
});

test('a server that refuses TCP fails only over TCP', async () => {
  const datagrams = createSocket('udp4').bind(await closedPort('127.0.0.1'), '127.0.0.1');
  onTestFinished(() => void datagrams.close());
  await once(datagrams, 'listening');
  datagrams.on('message', (message, { port, address }) => {
    datagrams.send(changed({})(message), port, address);
  });
  expect(await query(datagrams.address(), 'udp')).toMatchObject({ kind: 'ok' });
  expect(await query(datagrams.address(), 'tcp')).toMatchObject({
    event: 'dns_unreachable',
    error: { message: expect.stringMatching(/over TCP for .+: connection refused/) },
  });
});

describe('a check of a name server over TCP', () => {
  const response = (message: Buffer) => changed({})(message.subarray(2))[0];

  test('accepts a response in single bytes', async () => {
    const server = await talking((socket) => {
      socket.setNoDelay();
      socket.once('data', async (bytes: Buffer) => {
        for (const byte of streamEncode(decode(response(bytes)))) {
          socket.write(Buffer.from([byte]));
          await new Promise(setImmediate);
        }
      });
    });
    expect(await query(server, 'tcp')).toMatchObject({ kind: 'ok' });
  });

  test('accepts a response with which the server ends the connection', async () => {
    const server = await talking((socket) => {
      socket.once('data', (bytes: Buffer) => socket.end(streamEncode(decode(response(bytes)))));
    });
    expect(await query(server, 'tcp')).toMatchObject({ kind: 'ok' });
  });

  test.each([
    ['at once', Buffer.alloc(0)],
    ['within the length', Buffer.from([1])],
    ['within the message', Buffer.from([1, 0, 0])],
  ])('fails if the connection ends %s', async (_, bytes) => {
    const server = await talking((socket) => socket.once('data', () => socket.end(bytes)));
    const start = performance.now();
    expect(await query(server, 'tcp')).toMatchObject({
      event: 'dns_error',
      error: { message: expect.stringContaining(': connection closed before the response') },
    });
    expect(performance.now() - start).toBeLessThan(1_950);
  });

  test('fails if the connection is reset', async () => {
    const server = await talking((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await query(server, 'tcp')).toMatchObject({ event: 'dns_error' });
  });

  test.each([
    ['a length of 65,535 and nothing', Number.POSITIVE_INFINITY],
    ['endless single bytes', 1],
  ])('times out with %s', { timeout: 10_000 }, async (_, milliseconds) => {
    const server = await talking((socket) => {
      socket.write(Buffer.from([0xff, 0xff]));
      if (!Number.isFinite(milliseconds)) return;
      const timer = setInterval(() => socket.write('x'), milliseconds);
      socket.on('close', () => clearInterval(timer));
    });
    const start = performance.now();
    expect(await query(server, 'tcp')).toMatchObject({ event: 'dns_timeout' });
    expect(performance.now() - start).toBeLessThan(5_800);
  });

  test('reads no more than one message of a server that sends endlessly', async () => {
    let sent = 0;
    const server = await talking((socket) => {
      const chunk = Buffer.alloc(65_536, 0xff);
      const send = () => {
        while (!socket.destroyed && socket.write(chunk)) sent += chunk.length;
      };
      socket.on('drain', send);
      send();
    });
    expect(await query(server, 'tcp')).toMatchObject({ event: 'dns_error' });
    // What the kernel buffers on both sides.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });
});
