import { TLSSocket } from 'node:tls';
import { describe, expect, test, vi } from 'vitest';
import { type Certificate, CertificateAuthority } from '../../lab/support/certificates.ts';
import { until } from '../../lab/support/until.ts';
import { reset, type Script, ScriptedServer, say } from '../support/scripted-server.ts';
import { authority, checkUrl, events, failed, serving } from './check-once.ts';

const HOUR_MS = 60 * 60 * 1000;
const stranger = await CertificateAuthority.create('a stranger');
const names = { commonName: 'serving', dnsNames: ['server.test'], ipAddresses: ['127.0.0.1'] };
const certificates = {
  strange: await stranger.issue(names),
  expired: await authority.issue({ ...names, notAfter: new Date(Date.now() - HOUR_MS) }),
  future: await authority.issue({ ...names, notBefore: new Date(Date.now() + HOUR_MS) }),
  commonName: await authority.issue({ commonName: 'server.test' }),
  partWildcard: await authority.issue({ commonName: 'x', dnsNames: ['h*.server.test'] }),
  another: await authority.issue({ commonName: '127.0.0.1', dnsNames: ['another.test'] }),
};

const unverifiable: { what: string; tls: Certificate; host: string; why: string | RegExp }[] = [
  {
    what: 'that a stranger signed',
    tls: certificates.strange,
    host: '127.0.0.1',
    why: 'the certificate is signed by an unknown authority; add its CA with KUBENURSE_EXTRA_CA',
  },
  {
    what: 'that has expired',
    tls: certificates.expired,
    host: '127.0.0.1',
    why: 'certificate has expired',
  },
  {
    what: 'that is not valid yet',
    tls: certificates.future,
    host: '127.0.0.1',
    why: 'certificate is not yet valid',
  },
  {
    what: 'for another name',
    tls: certificates.another,
    host: 'server.test',
    why: 'the certificate is valid for DNS:another.test, not for server.test',
  },
  {
    what: 'with the name as common name alone',
    tls: certificates.commonName,
    host: 'server.test',
    why: /^the certificate is valid for no name: .*, not for server\.test$/,
  },
  {
    what: 'with a wildcard within a label',
    tls: certificates.partWildcard,
    host: 'host.server.test',
    why: 'the certificate is valid for DNS:h*.server.test, not for host.server.test',
  },
  {
    what: 'without the address',
    tls: certificates.another,
    host: '127.0.0.1',
    why: 'the certificate is valid for DNS:another.test, not for 127.0.0.1',
  },
];

describe('httpProbe() verifies the certificate of the server', () => {
  test.each(unverifiable)(
    'upstream fault: TLS is not verified: here, a certificate $what is rejected',
    async ({ tls, host, why }) => {
      const server = await ScriptedServer.start({ tls });
      const url = server.url('/', host);

      const outcome = await checkUrl(url);

      const { phase, text, cause } = failed(outcome);
      const attempt = `TLS handshake with ${url.host}: `;
      expect(phase).toBe('handshake');
      expect(text.slice(0, attempt.length)).toBe(attempt);
      expect(text.slice(attempt.length)).toMatch(why);
      expect(cause).toBeInstanceOf(Error);
      expect(events(outcome).at(-1)).toBe('tls_handshake_start');
      expect(server.requests).toEqual([]);
      await until('the connection is closed', 2_000, () => server.open.size === 0);
    },
  );

  test.each(unverifiable)(
    'unless it is configured to be insecure: then, a certificate $what is accepted',
    async ({ tls, host }) => {
      const server = await ScriptedServer.start({ tls });

      expect(await checkUrl(server.url('/', host), { insecure: true })).toMatchObject({
        kind: 'ok',
      });
    },
  );
});

test.each([
  { host: 'server.test', sent: 'server.test' },
  // RFC 6066, section 3: without the trailing dot. Go's server rejects it.
  { host: 'server.test.', sent: 'server.test' },
  { host: '127.0.0.1', sent: false },
])('httpProbe() sends the server name $sent for $host', async ({ host, sent }) => {
  const names: unknown[] = [];
  const server = await ScriptedServer.start({
    tls: serving,
    onConnection: (socket) => names.push((socket as TLSSocket).servername),
  });

  expect(await checkUrl(server.url('/', host))).toMatchObject({ kind: 'ok' });

  expect(names).toEqual([sent]);
});

describe('httpProbe() names the phase that failed: handshake', () => {
  const wasReset = 'connection reset by peer (ECONNRESET)';

  const cases: { what: string; why: string | RegExp; onFirstBytes: Script }[] = [
    {
      what: 'the server speaks HTTP',
      why: 'wrong version number',
      // As Go's server does.
      onFirstBytes: say(
        'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n',
      ),
    },
    {
      what: 'the server says something else',
      why: 'wrong version number',
      onFirstBytes: say('x'.repeat(100)),
    },
    {
      what: 'the server refuses by an alert',
      why: 'ssl/tls alert handshake failure',
      onFirstBytes: say('\x15\x03\x03\x00\x02\x02\x28'),
    },
    { what: 'the connection is reset', why: wasReset, onFirstBytes: reset },
    { what: 'the connection is closed', why: wasReset, onFirstBytes: (socket) => socket.end() },
  ];

  test.each(cases)('$what', async ({ why, onFirstBytes }) => {
    const server = await ScriptedServer.start({
      onConnection: (socket) => socket.once('data', () => onFirstBytes(socket, '', 1)),
    });
    const { host } = server.url();

    const outcome = await checkUrl(new URL(`https://${host}/`));

    const { phase, text, cause } = failed(outcome);
    expect(cause).toBeInstanceOf(Error);
    expect(phase).toBe('handshake');
    expect(text.replace(`TLS handshake with ${host}: `, '')).toMatch(why);
    expect(events(outcome)).toEqual(['connect_start', 'connect_done', 'tls_handshake_start']);
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });
});

test('httpProbe() verifies a name without having Node describe the certificate', async () => {
  const describing = vi.spyOn(TLSSocket.prototype, 'getPeerCertificate');
  const server = await ScriptedServer.start({ tls: serving });
  expect(await checkUrl(server.url())).toMatchObject({ kind: 'ok' });
  expect(describing).not.toHaveBeenCalled();
});
