import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { expiryOf } from '../../src/probes/certificate-expiry.ts';

/** From 2050 on, a time has a four-digit year (RFC 5280, 4.1.2.5). */
const NOT_AFTER = '20991231235959Z';

async function certificateWith(notAfter: string): Promise<X509Certificate> {
  const authority = await CertificateAuthority.create('authority');
  const { certificate } = await authority.issue({
    ...{ commonName: 'server', notAfter: new Date('2099-12-31T23:59:59Z') },
  });
  const { raw } = new X509Certificate(certificate);
  const offset = raw.indexOf(NOT_AFTER);
  expect(offset).toBeGreaterThan(0);
  raw.write(notAfter, offset, 'latin1');
  return new X509Certificate(raw);
}

test.each([
  [NOT_AFTER, Date.UTC(2099, 11, 31, 23, 59, 59)],
  ['99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ['00000101000000Z', Date.parse('0000-01-01')],
])('a certificate expires at %s', async (notAfter, milliseconds) => {
  const seconds = milliseconds / 1_000;
  expect(expiryOf(await certificateWith(notAfter))).toEqual({ leaf: seconds, earliest: seconds });
});

test.each(['20999999999999Z', 'XXXXXXXXXXXXXXX', '-9991231235959Z'])(
  'a certificate with %s as its time has no expiry',
  async (notAfter) => {
    expect(expiryOf(await certificateWith(notAfter))).toBeUndefined();
  },
);

test('the earliest expiry ignores a certificate of the chain without a valid time', async () => {
  const server = await certificateWith(NOT_AFTER);
  const [valid, invalid] = [
    await certificateWith('20880101000000Z'),
    await certificateWith('X'.repeat(15)),
  ];
  for (const [certificate, issuer] of [
    [server, invalid],
    [invalid, valid],
  ] as const) {
    Object.defineProperty(certificate, 'issuerCertificate', { value: issuer });
  }
  Object.defineProperty(valid, 'issuerCertificate', { value: undefined });
  expect(expiryOf(server)).toEqual({
    leaf: Date.UTC(2099, 11, 31, 23, 59, 59) / 1_000,
    earliest: Date.UTC(2088, 0, 1) / 1_000,
  });
});
