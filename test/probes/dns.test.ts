import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, RECURSION_AVAILABLE, type StringAnswer } from 'dns-packet';
import { describe, expect, onTestFinished, test } from 'vitest';
import { traitsOfTarget } from '../../src/probes/kinds.ts';
import { closedPort } from '../support/closed-port.ts';
import { nameServer } from '../support/name-server.ts';
import { check, events } from './check-once.ts';

/** A name server that responds to every query with this code and these answers. */
async function serverReturning(rcode: number, answers: StringAnswer[] = []): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  socket.on('message', (message, client) => {
    const { id = 0, questions = [] } = decode(message);
    const flags = RECURSION_AVAILABLE | rcode;
    const response = encode({ type: 'response', id, flags, questions, answers } as never);
    socket.send(response, client.port, client.address);
  });
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

const at = ({ address, port }: { address: string; port: number }) => `${address}:${port}`;

describe('a check of a dns URL', () => {
  test.each([
    ['A', '127.0.5.1'],
    ['AAAA', '::1'],
  ])('queries the server that it names for %s', async (type, address) => {
    const server = await nameServer({ 'a.test': [address] });
    const outcome = await check(`dns://${at(server)}/a.test?type=${type}`);
    expect(outcome).toMatchObject({ kind: 'ok', code: 'ok', timings: { dns_start: 0 } });
    expect(events(outcome)).toEqual(['dns_start', 'dns_done']);
    expect(server.queries).toEqual([{ name: 'a.test', type }]);
  });

  test.each([
    ['TXT', { data: 'a text' }],
    ['CNAME', { data: 'b.test' }],
    ['PTR', { data: 'b.test' }],
    ['SRV', { data: { port: 80, target: 'b.test' } }],
  ])('succeeds with a %s record', async (type, data) => {
    const server = await serverReturning(0, [{ type, name: 'a.test', ...data } as never]);
    expect(await check(`dns://${server}/a.test?type=${type}`)).toMatchObject({ kind: 'ok' });
  });

  test.each([
    [3, 'dns_nxdomain', 'no such name (ENOTFOUND)'],
    [2, 'dns_servfail', 'the name server failed (ESERVFAIL)'],
    [5, 'dns_refused', 'the name server refused the query (EREFUSED)'],
    [0, 'dns_nodata', 'the name has no such record (ENODATA)'],
  ])('fails on the code %i as %s', async (rcode, event, why) => {
    const server = await serverReturning(rcode);
    expect(await check(`dns://${server}/a.test`)).toMatchObject({
      kind: 'failed',
      event,
      cause: 'dns',
      error: { message: `querying ${server} for A a.test: ${why}` },
    });
  });

  test('fails after 2 s if the server is silent', { timeout: 10_000 }, async () => {
    const server = await nameServer({ 'a.test': ['127.0.5.1'] });
    server.break('silent');
    const begin = performance.now();
    expect(await check(`dns://${at(server)}/a.test`)).toMatchObject({ event: 'dns_timeout' });
    // The two seconds of a query, not the six of a check.
    expect(performance.now() - begin).toBeLessThan(5_800);
  });

  test('fails if nobody listens', async () => {
    const port = await closedPort('127.0.0.1');
    expect(await check(`dns://127.0.0.1:${port}/a.test`)).toMatchObject({
      event: 'dns_unreachable',
      error: { message: expect.stringContaining('connection refused (ECONNREFUSED)') },
    });
  });

  test('looks up the name of the server, and fails if that fails', async () => {
    const { port } = await nameServer({ 'a.test': ['127.0.5.1'] });
    expect(await check(`dns://server.test:${port}/a.test`)).toMatchObject({ kind: 'ok' });
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' }));
    expect(await check(`dns://server.test:${port}/a.test`, { resolve })).toMatchObject({
      event: 'dns_done',
      cause: 'dns',
      error: { message: 'looking up server.test: the name server failed (ESERVFAIL)' },
    });
  });

  test('queries each server of resolv.conf, and names the one that fails', async () => {
    const servers = [
      await nameServer({ 'a.test': ['127.0.5.1'] }),
      await nameServer({ 'a.test': ['127.0.5.1'] }),
    ];
    const [first, second] = servers;
    const nameservers = () => servers.map(at);
    expect(await check('dns:a.test', { nameservers })).toMatchObject({ kind: 'ok' });
    expect(servers.map(({ queries }) => queries.length)).toEqual([1, 1]);

    second?.break('servfail');
    expect(await check('dns:a.test', { nameservers })).toMatchObject({
      event: 'dns_servfail',
      error: { message: expect.stringContaining(`querying ${nameservers()[1]} for A a.test`) },
    });
    second?.break(undefined);
    first?.break('nxdomain');
    expect(await check('dns:a.test', { nameservers })).toMatchObject({ event: 'dns_nxdomain' });
  });

  test('repeats a query over TCP if its response is truncated', async () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `127.0.5.${index + 1}`);
    const server = await nameServer({ 'a.test': addresses });
    expect(await check(`dns://${at(server)}/a.test`)).toMatchObject({ kind: 'ok' });
    expect(server.queries).toHaveLength(2);
  });

  test('fails on a flood of packets with another ID', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    onTestFinished(() => void socket.close());
    socket.on('message', (message, client) => {
      const { id = 0, questions = [] } = decode(message);
      const response = (of: number) =>
        encode({
          type: 'response',
          id: of,
          flags: RECURSION_AVAILABLE,
          questions,
          answers: [{ type: 'A', name: 'a.test', data: '127.0.5.1' }],
        });
      for (let i = 0; i < 110; i++) socket.send(response(id ^ 1), client.port, client.address);
      socket.send(response(id), client.port, client.address);
    });
    await once(socket, 'listening');
    expect(await check(`dns://127.0.0.1:${socket.address().port}/a.test`)).toMatchObject({
      event: 'dns_error',
      error: { message: expect.stringContaining('invalid response') },
    });
  });

  test('ends when its signal aborts', async () => {
    const server = await nameServer();
    server.break('silent');
    const begin = performance.now();
    const outcome = await check(`dns://${at(server)}/a.test`, { signal: AbortSignal.timeout(200) });
    expect(outcome.kind).toBe('failed');
    // Not after the two seconds of a query.
    expect(performance.now() - begin).toBeLessThan(1_950);
  });

  test.each([
    ['dns:a.test?type=A', ''],
    ['dns://10.0.0.10:53/a.test?type=A', ''],
    ['dns://[fd00::10]:53/a.test?type=A', ''],
    ['dns://server.test:53/a.test?type=A', 'dns_done '],
  ])('%s has the DNS events', (text, lookUp) => {
    const { errorEvents, causes } = traitsOfTarget(new URL(text));
    expect(errorEvents.join(' ')).toBe(
      `${lookUp}dns_nxdomain dns_nodata dns_servfail dns_refused dns_timeout dns_unreachable dns_error`,
    );
    expect(causes).toEqual(['dns']);
  });
});
