import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import {
  type Answer,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nameServer, resolverOf } from '../support/name-server.ts';

const ignore = () => {};
const live = new AbortController().signal;

type Query = Readonly<{ message: Buffer; port: number }>;

/**
 * A UDP-only name server that responds to each query with these packets, and the queries that it
 * has received.
 */
async function serverSending(respond: (message: Buffer) => readonly Buffer[]) {
  const queries: Query[] = [];
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  socket.on('message', async (message, { port, address }) => {
    queries.push({ message, port });
    for (const each of respond(message)) {
      socket.send(each, port, address, ignore);
      // The kernel buffers only a few large ones.
      if (each.length > 1_000) await setImmediate();
    }
  });
  await once(socket, 'listening');
  return { ...socket.address(), queries };
}

/** The response to a query, with an address for `A` and none for `AAAA`, and with this change. */
function response(message: Buffer, change: Partial<Packet> = {}): Buffer {
  const { id = 0, questions = [] } = decode(message);
  const { name = '', type } = questions[0] ?? {};
  const answers: Answer[] = type === 'A' ? [{ type: 'A', name, data: '127.0.5.1' }] : [];
  const flags = RECURSION_AVAILABLE;
  return encode({ type: 'response', id, flags, questions, answers, ...change });
}

/** A response of 60 KB with another ID: 4,000 records, each with compressed names of 120 labels. */
function costly(message: Buffer): Buffer {
  const { questions = [] } = decode(message);
  const head = encode({ type: 'response', id: message.readUInt16BE(0) ^ 1, questions });
  const name = Buffer.from(`${'\x01a'.repeat(120)}\0`, 'latin1');
  const pointer = Buffer.from([0xc0, head.length]);
  const fields = Buffer.from([0, 5, 0, 1, 0, 0, 0, 9, 0, 2]);
  const record = Buffer.concat([pointer, fields, pointer]);
  const records = Array.from({ length: 4_000 }, () => record);
  const whole = Buffer.concat([head, name, fields, pointer, ...records]);
  whole.writeUInt16BE(1 + records.length, 6);
  return whole;
}

describe('createResolver()', () => {
  test('spends no CPU on large packets with another ID', async () => {
    const server = await serverSending((message) => Array(90).fill(costly(message)));
    const resolve = resolverOf([server], 'options timeout:1');
    const before = process.cpuUsage();
    await expect(resolve('a.test', live)).rejects.toThrow();
    const { user, system } = process.cpuUsage(before);
    // This includes the server's share.
    expect((user + system) / 1_000).toBeLessThan(150);
  });

  test('gives up on a flood of packets with another ID, and queries the next server', async () => {
    const flooding = await serverSending((message) => [
      ...Array(110).fill(response(message, { id: message.readUInt16BE(0) ^ 1 })),
      response(message),
    ]);
    const start = performance.now();
    await expect(resolverOf([flooding])('a.test', live)).rejects.toMatchObject({
      code: 'EBADRESP',
      cause: { message: 'invalid response: it does not match the query' },
    });
    const server = await nameServer({ 'a.test': ['127.0.5.2'] });
    expect(await resolverOf([flooding, server])('a.test', live)).toEqual(['127.0.5.2']);
    // Not after the 5 s that it waits for a silent server.
    expect(performance.now() - start).toBeLessThan(4_000);
  });

  test('ignores packets that do not match, and accepts the response that does', async () => {
    const server = await serverSending((message) => [
      Buffer.from('x'),
      response(message, { id: message.readUInt16BE(0) ^ 1 }),
      response(message, { questions: [{ type: 'A', name: 'b.test' }] }),
      response(message),
    ]);
    expect(await resolverOf([server])('a.test', live)).toEqual(['127.0.5.1']);
  });

  test('sends each query from another port, with another ID', async () => {
    const server = await serverSending((message) => [response(message)]);
    const resolve = resolverOf([server]);
    for (let i = 0; i < 10; i++) await resolve('a.test', live);
    const ids = server.queries.map(({ message }) => message.readUInt16BE(0));
    expect(new Set(server.queries.map(({ port }) => port)).size).toBeGreaterThan(15);
    expect(new Set(ids).size).toBeGreaterThan(15);
  });

  test('queries the next server if the response is truncated and nobody responds over TCP', async () => {
    const truncated = await serverSending((message) => [
      response(message, { flags: RECURSION_AVAILABLE | TRUNCATED_RESPONSE }),
    ]);
    await expect(resolverOf([truncated])('a.test', live)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    const server = await nameServer({ 'a.test': ['127.0.5.2'] });
    expect(await resolverOf([truncated, server])('a.test', live)).toEqual(['127.0.5.2']);
  });

  test('waits for a silent server once, whatever the search list', async () => {
    const silent = await serverSending(() => []);
    const server = await nameServer({ a: ['127.0.5.2'] });
    const conf = 'search one.test two.test three.test\noptions timeout:1';
    const start = performance.now();
    expect(await resolverOf([silent, server], conf)('a', live)).toEqual(['127.0.5.2']);
    expect(silent.queries).toHaveLength(2);
    expect(performance.now() - start).toBeGreaterThan(900);
  });

  test('queries a failing server once, and a silent one as often as `attempts` says', async () => {
    const failing = await serverSending((message) => [response(message, { flags: 2 })]);
    const silent = await serverSending(() => []);
    const resolve = resolverOf([failing, silent], 'options timeout:1 attempts:2');
    await expect(resolve('a.test', live)).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect([failing.queries.length, silent.queries.length]).toEqual([2, 4]);
  });

  test.each([
    ['a long label', `${'a'.repeat(64)}.test`],
    ['too many characters', `${'a.'.repeat(127)}b`],
    ['an empty label', 'a..test'],
    ['no character', '.'],
  ])('queries no name with %s', async (_, name) => {
    const server = await serverSending((message) => [response(message)]);
    await expect(resolverOf([server])(name, live)).rejects.toMatchObject({ code: 'EBADNAME' });
    expect(server.queries).toEqual([]);
  });
});
