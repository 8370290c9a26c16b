import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { until } from '../../lab/support/until.ts';
import { traitsOfTarget } from '../../src/probes/kinds.ts';
import { blackHole } from '../support/black-hole.ts';
import { closedPort } from '../support/closed-port.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { authority, check, events, serving } from './check-once.ts';

const CONNECT = ['connect_start', 'connect_done'];
const HANDSHAKE = ['tls_handshake_start', 'tls_handshake_done'];

const notFound = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));

describe('a check of a tcp URL', () => {
  test('connects, and closes the connection', async () => {
    const server = await ScriptedServer.start();
    const outcome = await check(`tcp://server.test:${server.port}`);
    expect(outcome).toMatchObject({ kind: 'ok', code: 'ok' });
    expect(events(outcome)).toEqual(['dns_start', 'dns_done', ...CONNECT, 'got_conn']);
    await until('the connection is closed', 2_000, () => server.open.size === 0);
    expect([server.accepted, server.requests]).toEqual([1, []]);
  });

  test('is measured until the connection is established', async () => {
    const server = await ScriptedServer.start();
    const { duration, timings } = await check(`tcp://127.0.0.1:${server.port}`);
    expect(duration).toBeGreaterThan(0);
    expect(duration).toBeGreaterThanOrEqual(timings.connect_done ?? Infinity);
  });

  test('fails if nobody listens', async () => {
    const port = await closedPort('127.0.0.1');
    expect(await check(`tcp://127.0.0.1:${port}`)).toMatchObject({
      kind: 'failed',
      event: 'connect_done',
      cause: 'refused',
      error: { message: `connecting to 127.0.0.1:${port}: connection refused (ECONNREFUSED)` },
    });
  });

  test('fails after 5 s if nothing responds', { timeout: 15_000 }, async () => {
    const port = await blackHole('127.0.0.1');
    expect(await check(`tcp://127.0.0.1:${port}`)).toMatchObject({
      event: 'connect_done',
      cause: 'unreachable',
      error: { message: expect.stringMatching(/^connecting to 127\.0\.0\.1:\d+: .* within 5 s$/) },
    });
  });

  test('fails if the name cannot be resolved', async () => {
    expect(await check('tcp://server.test:1', { resolve: notFound })).toMatchObject({
      event: 'dns_done',
      cause: 'dns',
      error: { message: 'looking up server.test: no such name (ENOTFOUND)' },
    });
  });

  test.each([
    ['tcp://10.0.0.1:1', 'connect_done', 'unreachable refused reset other'],
    ['tcp://a.example:1', 'dns_done connect_done', 'unreachable refused reset dns other'],
  ])('%s has these events and causes', (text, errorEvents, causes) => {
    const traits = traitsOfTarget(new URL(text));
    expect(traits.errorEvents.join(' ')).toBe(errorEvents);
    expect(traits.causes.join(' ')).toBe(causes);
  });
});

const HOUR_MS = 60 * 60 * 1000;
const stranger = await CertificateAuthority.create('a stranger');
const names = { commonName: 'serving', dnsNames: ['server.test'] };
const untilHours = (hours: number) => ({ notAfter: new Date(Date.now() + hours * HOUR_MS) });
const certificates = {
  tomorrow: await authority.issue({ ...names, ...untilHours(24) }),
  expired: await authority.issue({ ...names, ...untilHours(-1) }),
  another: await authority.issue({ commonName: 'a', dnsNames: ['another.test'] }),
  strange: await stranger.issue(names),
};

/** Unix time in seconds at which the certificate expires. */
function expiryIn(pem: string): number {
  return new X509Certificate(pem).validToDate.getTime() / 1000;
}

test('the earliest expiry is that of an intermediate that expires before the certificate', async () => {
  const intermediate = await authority.intermediate('an intermediate', untilHours(48));
  const { certificate, key } = await intermediate.issue(names);
  const chain = { key, certificate: `${certificate}${intermediate.certificate}` };
  const server = await ScriptedServer.start({ tls: chain });
  const certificates = {
    leaf: expiryIn(certificate),
    earliest: expiryIn(intermediate.certificate),
  };
  for (const scheme of ['tls', 'https']) {
    const outcome = await check(`${scheme}://server.test:${server.port}`);
    expect(outcome).toMatchObject({ kind: 'ok', certificates });
  }
});

describe('a check of a tls URL', () => {
  test.each([
    ['a certificate', serving],
    ['a certificate that expires tomorrow', certificates.tomorrow],
  ])('completes a handshake with %s', async (_, tls) => {
    const server = await ScriptedServer.start({ tls });
    const outcome = await check(`tls://server.test:${server.port}`);
    const leaf = expiryIn(tls.certificate);
    expect(outcome).toMatchObject({ kind: 'ok', code: 'ok', certificates: { leaf } });
    expect(events(outcome)).toEqual([
      ...['dns_start', 'dns_done', ...CONNECT, ...HANDSHAKE],
      'got_conn',
    ]);
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });

  test.each([
    ['has expired', certificates.expired, 'certificate has expired'],
    [
      'is for another name',
      certificates.another,
      'the certificate is valid for DNS:another.test, not for server.test',
    ],
    [
      'a stranger signed',
      certificates.strange,
      'the certificate is signed by an unknown authority; add its CA with KUBENURSE_EXTRA_CA',
    ],
  ])('fails if the certificate %s', async (_, tls, why) => {
    const server = await ScriptedServer.start({ tls });
    const text = `tls://server.test:${server.port}`;
    expect(await check(text)).toMatchObject({
      event: 'tls_handshake_done',
      cause: 'tls',
      certificates: { leaf: expiryIn(tls.certificate), earliest: expiryIn(tls.certificate) },
      error: { message: `TLS handshake with server.test:${server.port}: ${why}` },
    });
    expect(await check(text, { insecure: true })).toMatchObject({ kind: 'ok' });
  });

  test('fails if the server does not speak TLS', async () => {
    const server = await ScriptedServer.start({
      onConnection: (socket) => socket.write('220 ready\r\n'),
    });
    expect(await check(`tls://127.0.0.1:${server.port}`)).toMatchObject({
      event: 'tls_handshake_done',
      cause: 'tls',
      error: { message: expect.stringContaining('the peer does not speak TLS') },
    });
  });

  test('fails if the handshake gets no response', async () => {
    const server = await ScriptedServer.start();
    const outcome = await check(`tls://127.0.0.1:${server.port}`, {
      signal: AbortSignal.timeout(300),
    });
    expect(outcome).toMatchObject({ event: 'tls_handshake_done' });
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });

  test('fails if nobody listens', async () => {
    const port = await closedPort('127.0.0.1');
    expect(await check(`tls://127.0.0.1:${port}`)).toMatchObject({
      event: 'connect_done',
      cause: 'refused',
    });
  });

  test('has the events and causes of a handshake', () => {
    const traits = traitsOfTarget(new URL('tls://10.0.0.1:1'));
    expect(traits.errorEvents.join(' ')).toBe('connect_done tls_handshake_done');
    expect(traits.causes.join(' ')).toBe(
      'unreachable refused packets_lost mtu hung reset tls other',
    );
  });
});
