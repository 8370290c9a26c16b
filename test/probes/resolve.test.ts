import { createSocket, type Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { decode, encode, RECURSION_AVAILABLE } from 'dns-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { until } from '../../lab/support/until.ts';
import { createResolver } from '../../src/probes/resolve.ts';
import { nameServer, queriedNames, resolverOf } from '../support/name-server.ts';
import { temporaryFile } from '../support/temporary-file.ts';

const live = new AbortController().signal;

/** A name server that no longer runs. */
async function goneServer(): Promise<DnsServer> {
  const server = await DnsServer.start({ address: '127.0.0.1', port: 0, records: {} });
  await server.close();
  return server;
}

/** The number of UDP sockets, without those that are being closed. */
async function openSockets(): Promise<number> {
  await setImmediate();
  await setImmediate();
  return process.getActiveResourcesInfo().filter((each) => each.startsWith('UDP')).length;
}

// RFC 1035, 4.1.1.
const NOERROR = 0;
const FORMERR = 1;
const SERVFAIL = 2;
const NOTIMP = 4;
const REFUSED = 5;

/** A name server that responds without an address, with the code for the question's type. */
async function codesByType(codes: Record<string, number>) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  socket.on('message', (message, client) => {
    const { id = 0, questions = [] } = decode(message);
    const flags = RECURSION_AVAILABLE | (codes[questions[0]?.type ?? ''] ?? NOERROR);
    socket.send(encode({ type: 'response', id, flags, questions }), client.port, client.address);
  });
  await once(socket, 'listening');
  return socket.address();
}

/** A name server that ignores questions of this type, and answers others with 127.0.5.1. */
async function silentFor(silentType: string) {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  socket.on('message', (message, client) => {
    const { id = 0, questions = [] } = decode(message);
    const [question] = questions;
    if (question === undefined || question.type === silentType) return;
    const answers = [{ type: 'A' as const, name: question.name, data: '127.0.5.1' }];
    const answer = encode({ type: 'response', id, flags: RECURSION_AVAILABLE, questions, answers });
    socket.send(answer, client.port, client.address);
  });
  await once(socket, 'listening');
  return socket.address();
}

describe('createResolver() returns the addresses', () => {
  test.each([
    { what: 'IPv4 only', given: ['127.0.5.1', '127.0.5.2'], addresses: ['127.0.5.1', '127.0.5.2'] },
    { what: 'IPv6 only', given: ['::1'], addresses: ['::1'] },
    { what: 'both', given: ['127.0.5.1', '::1'], addresses: ['::1', '127.0.5.1'] },
  ])('of both families: $what', async ({ given, addresses }) => {
    const server = await nameServer({ 'a.test': given });

    expect(await resolverOf([server])('a.test', live)).toEqual(addresses);

    expect(server.queries.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA']);
  });

  test('of a name server that responds after a message that its port is closed, which anybody can send', async () => {
    const server = await nameServer({ 'a.test': ['127.0.5.1'] });
    const onSocket = (created: unknown) => {
      const { socket } = created as { socket: Socket };
      const send = socket.send.bind(socket);
      socket.send = (query: Buffer) => {
        socket.send = send;
        send(query);
        const error = Object.assign(new Error('recvmsg ECONNREFUSED'), { code: 'ECONNREFUSED' });
        process.nextTick(() => socket.emit('error', error));
      };
    };
    subscribe('udp.socket', onSocket);
    onTestFinished(() => void unsubscribe('udp.socket', onSocket));

    expect(await resolverOf([server])('a.test', live)).toEqual(['127.0.5.1']);
  });

  test('the first 16 of a response too long for a datagram, over TCP', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `127.0.9.${index + 1}`);
    const server = await nameServer({ 'a.test': many });

    expect(await resolverOf([server])('a.test', live)).toEqual(many.slice(0, 16));
  });

  test('of a new look-up each time, without a cache', async () => {
    const server = await nameServer({ 'a.test': ['127.0.5.1'] });
    const resolve = resolverOf([server]);

    expect(await resolve('a.test', live)).toEqual(['127.0.5.1']);
    server.setRecord('a.test', ['127.0.5.2']);

    expect(await resolve('a.test', live)).toEqual(['127.0.5.2']);
    expect(server.queries).toHaveLength(4);
  });

  test('of the second name server if nobody listens at the first', async () => {
    const [gone, server] = [await goneServer(), await nameServer({ 'a.test': ['127.0.5.1'] })];

    expect(await resolverOf([gone, server])('a.test', live)).toEqual(['127.0.5.1']);
  });

  test('of the second name server if the first fails', async () => {
    const [failing, server] = [await nameServer(), await nameServer({ 'a.test': ['127.0.5.1'] })];
    failing.break('servfail');

    expect(await resolverOf([failing, server])('a.test', live)).toEqual(['127.0.5.1']);
  });

  test.each([
    ['SERVFAIL', SERVFAIL],
    ['NOTIMP', NOTIMP],
    ['REFUSED', REFUSED],
  ])('of the second name server if the first responds with %s', async (_, code) => {
    const [refusing, server] = [
      await codesByType({ A: code, AAAA: code }),
      await nameServer({ 'a.test': ['127.0.5.1'] }),
    ];

    expect(await resolverOf([refusing, server])('a.test', live)).toEqual(['127.0.5.1']);
  });

  test('of the second name server only for the family for which the first fails', async () => {
    const [failing, server] = [
      await codesByType({ AAAA: SERVFAIL }),
      await nameServer({ 'a.test': ['::1'] }),
    ];

    expect(await resolverOf([failing, server])('a.test', live)).toEqual(['::1']);
    expect(server.queries.map(({ type }) => type)).toEqual(['AAAA']);
  });

  test('but not of the second name server if the first rejects the query as malformed', async () => {
    const [rejecting, server] = [
      await codesByType({ A: FORMERR, AAAA: FORMERR }),
      await nameServer({ 'a.test': ['127.0.5.1'] }),
    ];

    const resolving = resolverOf([rejecting, server])('a.test', live);

    await expect(resolving).rejects.toMatchObject({ code: 'EFORMERR' });
    expect(server.queries).toEqual([]);
  });

  test('but not of the second name server if the first knows that there are none', async () => {
    const [knowing, server] = [await nameServer(), await nameServer({ 'a.test': ['127.0.5.1'] })];

    const resolving = resolverOf([knowing, server])('a.test', live);

    await expect(resolving).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(server.queries).toEqual([]);
  });

  test('of the hosts file, without a query', async () => {
    const server = await nameServer({ 'a.test': ['127.0.5.1'] });
    const resolve = resolverOf([server], '', '::1 A.test\n127.0.5.9 a.test b\n');

    expect(await resolve('a.test', live)).toEqual(['::1', '127.0.5.9']);
    expect(await resolve('A.TEST', live)).toEqual(['::1', '127.0.5.9']);
    expect(await resolve('a.test.', live)).toEqual(['::1', '127.0.5.9']);
    expect(await resolve('b', live)).toEqual(['127.0.5.9']);
    expect(server.queries).toEqual([]);
  });

  test('of the hosts file and of the name servers if some of their lines are broken', async () => {
    const server = await nameServer({ 'a.test': ['127.0.5.1'] });
    const resolve = resolverOf([server], 'nameserver dns.test', 'nonsense a.test\n');

    expect(await resolve('a.test', live)).toEqual(['127.0.5.1']);
  });

  test('according to the current files, until it is closed', async () => {
    const [old, now] = [await nameServer(), await nameServer({ 'a.now.test': ['127.0.5.2'] })];
    const resolvConf = temporaryFile(`nameserver 127.0.0.1:${old.port}\n`);
    const hosts = temporaryFile('');
    const resolver = createResolver({ resolvConf, hosts });
    onTestFinished(() => resolver.close());
    const closed = createResolver({ resolvConf, hosts });
    closed.close();
    await expect(resolver.resolve('a', live)).rejects.toMatchObject({ code: 'ENOTFOUND' });

    writeFileSync(resolvConf, `nameserver 127.0.0.1:${now.port}\nsearch now.test\n`);
    writeFileSync(hosts, '127.0.5.3 listed.test\n');

    const found = (name: string) => resolver.resolve(name, live).catch(() => []);
    await until('the files are read again', 10_000, async () => {
      const [a, listed] = await Promise.all([found('a'), found('listed.test')]);
      return a[0] === '127.0.5.2' && listed[0] === '127.0.5.3';
    });
    await expect(closed.resolve('a', live)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('createResolver() rejects', () => {
  test('with the failure of a server rather than with the result of another candidate', async () => {
    const server = await nameServer();
    server.break('servfail', ['a.two.test']);

    const resolving = resolverOf([server], 'search one.test two.test')('a', live);

    await expect(resolving).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  test('with the failure of a server for one family rather than with its result for the other', async () => {
    const resolve = resolverOf([await codesByType({ A: SERVFAIL, AAAA: NOERROR })]);

    await expect(resolve('a.test', live)).rejects.toMatchObject({ code: 'ESERVFAIL' });
  });

  test('if the name has no address', async () => {
    const server = await nameServer({ 'a.test': [] });

    await expect(resolverOf([server])('a.test', live)).rejects.toMatchObject({ code: 'ENODATA' });
  });

  test('if nobody listens at the address of the name server', async () => {
    const resolve = resolverOf([await goneServer()]);

    await expect(resolve('a.test', live)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('as soon as the signal aborts while the server is silent', async () => {
    const server = await nameServer();
    server.break('silent');
    const before = await openSockets();
    const stop = new AbortController();
    const reason = new Error('stopped');

    const resolving = resolverOf([server], 'search one.test')('a', stop.signal);
    const ended = expect(resolving).rejects.toBe(reason);
    await until('the server is queried', 2_000, () => server.queries.length === 2);
    const began = performance.now();
    stop.abort(reason);

    await ended;
    // Not after the 5 s of an attempt.
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(queriedNames(server)).toEqual(['a.one.test']);
    expect(await openSockets()).toBe(before);
  });

  test('as soon as the signal aborts while one family has a response and the other has none', async () => {
    const { address, port } = await silentFor('AAAA');
    const stop = new AbortController();
    const reason = new Error('stopped');

    const before = await openSockets();
    const resolving = resolverOf([{ address, port }])('a.test', stop.signal);
    const ended = expect(resolving).rejects.toBe(reason);
    await until('one is answered', 2_000, async () => (await openSockets()) === before + 1);
    stop.abort(reason);

    await ended;
  });

  test('when the signal has aborted, without a query', async () => {
    const server = await nameServer();
    const reason = new Error('stopped');

    const resolving = resolverOf([server])('a.test', AbortSignal.abort(reason));

    await expect(resolving).rejects.toBe(reason);
    expect(server.queries).toEqual([]);
  });
});

test('createResolver() lets no silent name delay another', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `good${index}.test`);
  const silent = names.map((name) => `silent-${name}`);
  const server = await nameServer(Object.fromEntries(names.map((name) => [name, ['127.0.5.1']])));
  server.break('silent', silent);
  const resolve = resolverOf([server]);
  const stop = new AbortController();
  let ended = 0;
  const hanging = silent.map((name) => resolve(name, stop.signal).catch(() => ended++));
  await until('the silent ones are queried', 2_000, () => server.queries.length === 40);

  const found = await Promise.all(names.map((name) => resolve(name, live)));

  expect(found).toEqual(names.map(() => ['127.0.5.1']));
  expect(ended).toBe(0);
  stop.abort();
  await Promise.all(hanging);
});

test('createResolver() treats a missing file as an empty one', async () => {
  const server = await nameServer({ 'a.test': ['127.0.5.1'] });
  const resolvConf = temporaryFile(`nameserver 127.0.0.1:${server.port}\n`);
  const without = createResolver({ resolvConf, hosts: `${resolvConf}.missing` });
  const withHosts = createResolver({
    resolvConf: `${resolvConf}.missing`,
    hosts: temporaryFile('127.0.5.9 listed.test'),
  });
  onTestFinished(() => {
    without.close();
    withHosts.close();
  });

  expect(await without.resolve('a.test', live)).toEqual(['127.0.5.1']);
  expect(await withHosts.resolve('listed.test', live)).toEqual(['127.0.5.9']);
});

test('createResolver() finds no address behind a dangling CNAME, and continues with the search list', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  socket.on('message', (message, client) => {
    const { id = 0, questions = [] } = decode(message);
    const { name = '', type = '' } = questions[0] ?? {};
    const cname = { type: 'CNAME' as const, name, data: 'nowhere.test' };
    const address = { type: 'A' as const, name, data: '127.0.5.1' };
    const hasAddress = name === 'a.second.test' && type === 'A';
    const answers = [hasAddress ? address : cname];
    const answer = encode({ type: 'response', id, flags: RECURSION_AVAILABLE, questions, answers });
    socket.send(answer, client.port, client.address);
  });
  await once(socket, 'listening');

  const alone = resolverOf([socket.address()])('a.test', live);
  await expect(alone).rejects.toMatchObject({ code: 'ENODATA' });
  const searched = resolverOf([socket.address()], 'search first.test second.test')('a', live);
  expect(await searched).toEqual(['127.0.5.1']);
});

test('createResolver() with no-aaaa requests only IPv4 addresses', async () => {
  const server = await nameServer({ 'a.test': ['127.0.5.1', '::1'] });
  const resolve = resolverOf([server], 'options no-aaaa');
  expect(await resolve('a.test', live)).toEqual(['127.0.5.1']);
  expect(server.queries.map(({ type }) => type)).toEqual(['A']);
});

test('createResolver() waits for a silent family as long as glibc does: timeout times attempts', async () => {
  const server = await silentFor('AAAA');
  const start = performance.now();
  const resolve = resolverOf([server], 'options timeout:2 attempts:2');
  expect(await resolve('a.test', live)).toEqual(['127.0.5.1']);
  // After 4 s, and a check has 5 s to connect.
  expect(performance.now() - start).toBeLessThan(5_800);
}, 10_000);
