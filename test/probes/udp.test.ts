import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createSecureContext } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Neighbour, Outcome } from '../../src/model.ts';
import { createProbe, readTarget, traitsOfTarget } from '../../src/probes/kinds.ts';
import type { Resolve } from '../../src/probes/resolve.ts';
import { startReflector } from '../../src/stamp/reflector.ts';
import { udpProxy } from '../support/udp-proxy.ts';

const DROP = { copies: 0 };
const NEIGHBOUR = { nodeName: 'node-2' } as Neighbour;
const LIMIT_MS = 8_000;

function check(
  url: string,
  {
    neighbour,
    resolve = async () => ['127.0.0.1'],
  }: { neighbour?: Neighbour; resolve?: Resolve } = {},
): Promise<Outcome> {
  const secureContext = createSecureContext();
  const probe = createProbe({
    resolve,
    nameservers: () => [],
    secureContext: () => secureContext,
    insecure: false,
    userAgent: 'test/1',
  });
  const target = { url: readTarget(url), ...(neighbour && { neighbour }) };
  return probe(target, AbortSignal.timeout(LIMIT_MS));
}

async function reflectorPort(): Promise<number> {
  const onError = (error: Error) => expect.fail(error.message);
  const { port, close } = await startReflector({ address: '127.0.0.1', port: 0, onError });
  onTestFinished(() => close());
  return port;
}

/** A port of 127.0.0.1 on which nobody listens. */
async function closedPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

describe('the target of a UDP check', () => {
  test.each(['udp://10.0.0.1:862', 'udp://router.example.com:862', 'udp://[fd00::1]:862'])(
    'is accepted: %s',
    (url) => {
      expect(readTarget(url).href).toBe(url);
    },
  );

  test.each([
    'udp://10.0.0.1',
    'udp://10.0.0.1:862/path',
    'udp://10.0.0.1:862?x',
    'udp://10.0.0.1:99999',
    'udp://a@b:862',
    'udp://:862',
  ])('is rejected: %s', (url) =>
    expect(() => readTarget(url)).toThrow('a target of the form udp://host:port'),
  );

  test('has the causes and events of UDP, and those of DNS only by name', () => {
    expect(traitsOfTarget(readTarget('udp://10.0.0.1:862'))).toMatchObject({
      byName: false,
      errorEvents: ['round_trip_error'],
      causes: ['unreachable', 'refused', 'mtu', 'other'],
    });
    expect(traitsOfTarget(readTarget('udp://a.example.com:862'))).toMatchObject({
      byName: true,
      errorEvents: ['dns_done', 'round_trip_error'],
      causes: ['unreachable', 'refused', 'mtu', 'dns', 'other'],
    });
  });
});

describe('the UDP probe', () => {
  test('succeeds, and returns what it has counted', async () => {
    const outcome = await check(`udp://a.test:${await reflectorPort()}`);
    expect(outcome).toMatchObject({
      kind: 'ok',
      udp: { sent: 10, lost: { forward: 0, backward: 0, unknown: 0 }, duplicated: 0, reordered: 0 },
    });
    expect(outcome.udp?.rtts).toHaveLength(10);
    expect(outcome.duration).toBeGreaterThan(0);
  });

  test.each([
    ['a neighbour', NEIGHBOUR, { forward: 0, backward: 2, unknown: 0 }],
    [
      'another target, which may not count its replies',
      undefined,
      { forward: 0, backward: 0, unknown: 2 },
    ],
  ])('succeeds when some packets are lost: of %s', async (_what, neighbour, lost) => {
    const port = await udpProxy(await reflectorPort(), {
      backward: (index) => (index === 3 || index === 4 ? DROP : undefined),
    });
    const outcome = await check(`udp://127.0.0.1:${port}`, neighbour && { neighbour });
    expect(outcome).toMatchObject({ kind: 'ok', udp: { lost } });
  });

  test('fails when no packet gets a reply', async () => {
    const port = await udpProxy(await reflectorPort(), { forward: () => DROP });
    const outcome = await check(`udp://127.0.0.1:${port}`);
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', event: 'round_trip_error', cause: 'unreachable' },
      error: { message: `sending UDP packets to 127.0.0.1:${port}: no reply to any of 10` },
      udp: { sent: 10, lost: { unknown: 10 } },
    });
  });

  test('fails when only full-size packets are lost', async () => {
    const port = await udpProxy(await reflectorPort(), {
      forward: (_index, length) => (length > 1_000 ? DROP : undefined),
    });
    expect(await check(`udp://127.0.0.1:${port}`)).toMatchObject({
      ...{ kind: 'failed', event: 'round_trip_error', cause: 'mtu' },
      error: {
        message: `sending UDP packets to 127.0.0.1:${port}: small packets get replies, those of 1500 bytes do not: check the MTU`,
      },
    });
  });

  test('fails at a closed port, and counts no packet as lost', async () => {
    const port = await closedPort();
    const outcome = await check(`udp://127.0.0.1:${port}`);
    expect(outcome).toMatchObject({
      ...{ kind: 'failed', event: 'round_trip_error', cause: 'refused' },
      error: { message: `sending UDP packets to 127.0.0.1:${port}: port closed (ECONNREFUSED)` },
    });
    expect(outcome.udp).toBeUndefined();
  });

  test('fails when its name cannot be looked up', async () => {
    const resolve = async () => {
      throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
    };
    expect(await check('udp://a.test:862', { resolve })).toMatchObject({
      ...{ kind: 'failed', event: 'dns_done', cause: 'dns' },
      error: { message: 'looking up a.test: no such name (ENOTFOUND)' },
    });
  });
});
