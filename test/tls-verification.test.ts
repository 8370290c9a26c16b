import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../lab/support/certificates.ts';
import { checkServerIdentity, untrusted } from '../src/tls-verification.ts';

const authority = await CertificateAuthority.create('authority');

/** The error, if any, when a certificate with these names is checked against the host. */
async function check(
  host: string,
  names: { commonName?: string; dnsNames?: string[]; ipAddresses?: string[] },
): Promise<Error | undefined> {
  const { certificate } = await authority.issue({ commonName: 'cn', ...names });
  return checkServerIdentity(host, new X509Certificate(certificate));
}

// Each row is what Go 1.26's x509.VerifyHostname does.
describe('checkServerIdentity() accepts, as Go does,', () => {
  test.each([
    ['server.test', ['other.test', 'server.test']],
    ['Server.Test', ['server.TEST']],
    ['server.test.', ['server.test']],
    ['a.server.test', ['*.server.test']],
    ['A.server.test.', ['*.SERVER.test']],
    ['a.test', ['*.test']],
    ['xn--mller-kva.test', ['*.test']],
    ['under_score.test', ['under_score.test', 'x']],
    ['localhost', ['localhost']],
  ])('%s for %j', async (host, dnsNames) => {
    expect(await check(host, { dnsNames })).toBeUndefined();
  });

  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['fd00::1', 'fd00:0:0:0:0:0:0:1'],
  ])('the address %s for %s', async (host, address) => {
    expect(await check(host, { ipAddresses: [address] })).toBeUndefined();
  });
});

describe('checkServerIdentity() rejects, as Go does,', () => {
  test.each([
    ['host.example', ['h*.example']],
    ['host.example', ['*t.example']],
    ['host.example', ['ho*st.example']],
    ['a.b.example', ['*.example']],
    ['example', ['*.example']],
    ['a.example', ['*']],
    ['example', ['*']],
    ['a.b.example', ['a.*.example']],
    ['.example', ['a.example']],
    ['a.example', ['.example']],
    ['a.example', ['b.example', 'a.example.com']],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.1', ['*.0.0.1']],
    ['', ['a.example']],
    ['.', ['a.example']],
  ])('%j for %j', async (host, dnsNames) => {
    expect(await check(host, { dnsNames })).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test.each([['10.0.0.2'], ['fd00::1'], ['server.test']])('%s for 10.0.0.1', async (host) => {
    expect((await check(host, { ipAddresses: ['10.0.0.1'] }))?.message).toBe(
      `the certificate is valid for IP Address:10.0.0.1, not for ${host}`,
    );
  });

  test.each([
    ['server.test', {}],
    ['10.0.0.1', {}],
    ['server.test', { ipAddresses: ['10.0.0.1'] }],
  ])('%s in the common name only, with %j', async (host, names) => {
    expect(await check(host, { commonName: host, ...names })).toBeInstanceOf(Error);
  });
});

test('checkServerIdentity() reports what the certificate is for, truncated and without control characters', async () => {
  const dnsNames = ['a.test\n\u009b, DNS:host.test', ...Array(50).fill('long.test')];
  const { message } = (await check('host.test', { dnsNames })) ?? expect.unreachable();
  expect(message).toMatch(/^the certificate is valid for DNS:"a\.test.*, not for host\.test$/);
  expect(message.length).toBeLessThan(250);
  expect((await check('host.test', { commonName: 'host.test' }))?.message).toBe(
    'the certificate is valid for no name: it has no subject alternative name, and the common name ' +
      'is ignored, not for host.test',
  );
});

test.each([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the certificate is self-signed; set X'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'the certificate is signed by an unknown authority; set X'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'the certificate is signed by an unknown authority; set X'],
  ['CERT_HAS_EXPIRED', undefined],
])('untrusted() has its own text for %s, also as a cause', (code, words) => {
  const error = Object.assign(new Error('…, try running Node.js with --use-system-ca'), { code });
  expect(untrusted(error, 'set X')).toBe(words);
  expect(untrusted(new Error('wrapped', { cause: error }), 'set X')).toBe(words);
});
