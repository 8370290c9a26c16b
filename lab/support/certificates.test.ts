import { createPublicKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { type Certificate, CertificateAuthority } from './certificates.ts';

/**
 * Performs a handshake with a server that presents the certificate. Rejects if the client does not
 * trust it.
 */
async function handshake(serving: Certificate, client: ConnectionOptions): Promise<void> {
  const server = createServer({ cert: serving.certificate, key: serving.key }, (socket) => {
    socket.on('error', () => {});
    socket.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ...client,
  });
  try {
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
  } finally {
    socket.destroy();
    server.close();
  }
}

test('CertificateAuthority.issue() makes a certificate that TLS accepts for each of its names', async () => {
  const authority = await CertificateAuthority.create('test authority');
  const serving = await authority.issue({
    commonName: 'serving',
    dnsNames: ['kubernetes.default.svc'],
    ipAddresses: ['127.0.0.1', '::1'],
  });
  const ca = authority.certificate;

  await handshake(serving, { ca });
  await handshake(serving, { ca, servername: 'kubernetes.default.svc' });
  await expect(handshake(serving, { ca, servername: 'elsewhere.example' })).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
  expect(new X509Certificate(serving.certificate).checkIP('::1')).toBe('::1');
});

test('CertificateAuthority.issue() signs so that only those who trust the authority accept', async () => {
  const authority = await CertificateAuthority.create('one');
  const stranger = await CertificateAuthority.create('one');
  const serving = await authority.issue({ commonName: 'serving', ipAddresses: ['127.0.0.1'] });

  const signed = new X509Certificate(serving.certificate);
  expect(signed.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
  await expect(handshake(serving, {})).rejects.toThrow(/unable to verify/);
  await expect(handshake(serving, { ca: stranger.certificate })).rejects.toThrow();
});

test('CertificateAuthority.issue() uses the requested validity', async () => {
  const authority = await CertificateAuthority.create('test authority');
  const ca = authority.certificate;
  const named = { commonName: 'serving', ipAddresses: ['127.0.0.1'] };
  const now = Date.now();

  const expired = await authority.issue({ ...named, notAfter: new Date(now - 60_000) });
  await expect(handshake(expired, { ca })).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });

  const future = await authority.issue({ ...named, notBefore: new Date(now + 60_000) });
  await expect(handshake(future, { ca })).rejects.toMatchObject({ code: 'CERT_NOT_YET_VALID' });
});

test('CertificateAuthority.issue() marks a serving certificate, and only the authority as one that signs', async () => {
  const authority = await CertificateAuthority.create('test authority');
  const issued = await authority.issue({ commonName: 'a, b=c', dnsNames: ['a.example'] });
  const serving = new X509Certificate(issued.certificate);

  expect(new X509Certificate(authority.certificate).ca).toBe(true);
  expect(serving.ca).toBe(false);
  expect(serving.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']); // extendedKeyUsage: serverAuth
  expect(serving.toLegacyObject().subject.CN).toBe('a, b=c');
  expect(serving.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(createPublicKey(issued.key).equals(serving.publicKey)).toBe(true);
});
