import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  decode,
  encode,
  type Packet,
  RECURSION_DESIRED,
  streamDecode,
  streamEncode,
} from 'dns-packet';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.ts';
import { DnsServer } from './dns-server.ts';

async function start(records: Record<string, readonly string[]>): Promise<DnsServer> {
  const server = await DnsServer.start({ address: '127.0.0.1', port: 0, records });
  onTestFinished(() => server.close());
  return server;
}

async function startAndClose(port: number): Promise<DnsServer> {
  const server = await DnsServer.start({ address: '127.0.0.1', port, records: {} });
  await server.close();
  return server;
}

function resolverOf(server: DnsServer): Resolver {
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`${server.address}:${server.port}`]);
  onTestFinished(() => resolver.cancel());
  return resolver;
}

function query(name: string): Packet {
  return { type: 'query', id: 4711, flags: RECURSION_DESIRED, questions: [{ name, type: 'A' }] };
}

/** Sends the datagrams and returns the first response. */
async function overUdp(server: DnsServer, ...messages: Buffer[]): Promise<Buffer> {
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(2_000) });
  for (const message of messages) socket.send(message, server.port, server.address);
  const [bytes] = await answer;
  return bytes;
}

const manyAddresses = Array.from({ length: 60 }, (_, index) => `127.0.9.${index + 1}`);

test('DnsServer answers A and AAAA by the addresses of each family', async () => {
  const resolver = resolverOf(
    await start({ 'ingress.test': ['127.0.5.1', '::1', '127.0.5.2'], 'four.test': ['127.0.5.3'] }),
  );

  expect(await resolver.resolve4('ingress.test')).toEqual(['127.0.5.1', '127.0.5.2']);
  expect(await resolver.resolve6('ingress.test')).toEqual(['::1']);
  expect(await resolver.resolve4('four.test', { ttl: true })).toEqual([
    { address: '127.0.5.3', ttl: 5 },
  ]);
});

test('DnsServer distinguishes a name without such an address from a name that does not exist', async () => {
  const server = await start({ 'four.test': ['127.0.5.3'], 'none.test': [] });
  const resolver = resolverOf(server);

  await expect(resolver.resolve6('four.test')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('none.test')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolveTxt('four.test')).rejects.toMatchObject({ code: 'ENODATA' });
  await expect(resolver.resolve4('nobody.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('DnsServer compares names without regard to case, and responds in the case of the query', async () => {
  const server = await start({ 'Ingress.Test': ['127.0.5.1'] });

  const response = decode(await overUdp(server, encode(query('iNGRESS.tEST'))));
  expect(response).toMatchObject({
    type: 'response',
    id: 4711,
    rcode: 'NOERROR',
    flag_rd: true,
    flag_tc: false,
    questions: [{ name: 'iNGRESS.tEST', type: 'A' }],
    answers: [{ name: 'iNGRESS.tEST', type: 'A', ttl: 5, data: '127.0.5.1' }],
  });
  expect(server.queries).toEqual([{ name: 'ingress.test', type: 'A' }]);
});

test('DnsServer truncates what does not fit in 512 bytes, and gives it whole by TCP', async () => {
  const server = await start({ 'many.test': manyAddresses });

  const bytes = await overUdp(server, encode(query('many.test')));
  expect(bytes.length).toBeLessThanOrEqual(512);
  expect(decode(bytes)).toMatchObject({ flag_tc: true, answers: [] });
  expect((await resolverOf(server).resolve4('many.test')).sort()).toEqual(manyAddresses.sort());
});

test('DnsServer answers several queries of one TCP connection, however they are cut', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'], 'b.test': ['127.0.5.2'] });
  const socket = connect(server.port, server.address);
  onTestFinished(() => void socket.destroy());
  let received = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
  });
  await once(socket, 'connect');

  const bytes = Buffer.concat([streamEncode(query('a.test')), streamEncode(query('b.test'))]);
  socket.setNoDelay();
  socket.write(bytes.subarray(0, 1));
  socket.write(bytes.subarray(1, 40));
  await until('the first query has come', 2_000, () => server.queries.length === 1);
  socket.write(bytes.subarray(40));

  const first = () => streamDecode(received);
  await until('both answers', 2_000, () => received.length >= 2 * (2 + encode(first()).length));
  expect(first().answers).toMatchObject([{ name: 'a.test', data: '127.0.5.1' }]);
  const second = streamDecode(received.subarray(2 + received.readUInt16BE(0)));
  expect(second.answers).toMatchObject([{ name: 'b.test', data: '127.0.5.2' }]);
});

test('DnsServer ignores what is not a query', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'] });
  const garbage = Buffer.from('not a DNS message at all');
  const response = encode({ ...query('b.test'), type: 'response' });
  const empty = encode({ type: 'query', id: 1 });

  const answer = await overUdp(server, garbage, response, empty, encode(query('a.test')));
  expect(decode(answer).answers).toMatchObject([{ name: 'a.test' }]);
  expect(server.queries).toHaveLength(1);
});

test('DnsServer.setRecord() adds and replaces, and refuses what is no address', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'] });
  const resolver = resolverOf(server);

  server.setRecord('A.test', ['127.0.5.7']);
  server.setRecord('b.test', ['127.0.5.8']);
  expect(await resolver.resolve4('a.test')).toEqual(['127.0.5.7']);
  expect(await resolver.resolve4('b.test')).toEqual(['127.0.5.8']);
  expect(() => server.setRecord('a.test', ['a.example'])).toThrow(
    new TypeError('no IP address: a.example'),
  );
});

test('DnsServer.start() leaves nothing behind when a record is wrong', async () => {
  const { port } = await startAndClose(0);
  const options = { address: '127.0.0.1', port };
  await expect(DnsServer.start({ ...options, records: { 'a.test': ['x'] } })).rejects.toThrow('x');
  await startAndClose(port);
});

test('DnsServer.break() answers by the fault until it is healed', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'] });
  const resolver = resolverOf(server);

  for (const [fault, code] of [
    ['servfail', 'ESERVFAIL'],
    ['nxdomain', 'ENOTFOUND'],
    ['silent', 'ETIMEOUT'],
  ] as const) {
    server.break(fault);
    await expect(resolver.resolve4('a.test')).rejects.toMatchObject({ code });
  }
  server.break(undefined);
  expect(await resolver.resolve4('a.test')).toEqual(['127.0.5.1']);
});

test('DnsServer.break() can be for certain names only', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'], 'b.test': ['127.0.5.2'] });
  const resolver = resolverOf(server);

  server.break('servfail', ['B.test.']);
  expect(await resolver.resolve4('a.test')).toEqual(['127.0.5.1']);
  await expect(resolver.resolve4('b.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});

test('DnsServer.break(silent) is silent over TCP too', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'] });
  const socket = connect(server.port, server.address);
  onTestFinished(() => void socket.destroy());
  let received = 0;
  socket.on('data', (bytes) => {
    received += bytes.length;
  });

  server.break('silent');
  socket.write(streamEncode(query('a.test')));
  await until('the query has come', 2_000, () => server.queries.length === 1);
  server.break(undefined);
  socket.write(streamEncode(query('nobody.test')));
  await until('an answer', 2_000, () => received > 0);
  expect(received).toBe(streamEncode(query('nobody.test')).length); // only the second response
});

test('DnsServer.queries keeps the last thousand', async () => {
  const server = await start({ 'a.test': ['127.0.5.1'] });
  const socket = connect(server.port, server.address);
  onTestFinished(() => void socket.destroy());
  socket.resume();
  const names = Array.from({ length: 1_005 }, (_, index) => `n${index}.test`);

  socket.write(Buffer.concat(names.map((name) => streamEncode(query(name)))));
  await until('the last query', 2_000, () => server.queries.at(-1)?.name === 'n1004.test');
  expect(server.queries).toHaveLength(1_000);
  expect(server.queries[0]?.name).toBe('n5.test');
});

test('DnsServer.close() cuts open connections and frees the port', async () => {
  const server = await DnsServer.start({ address: '127.0.0.1', port: 0, records: {} });
  const socket = connect(server.port, server.address);
  await once(socket, 'connect');
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(2_000) });
  socket.resume();
  await server.close();
  await closed;

  await startAndClose(server.port);
});
