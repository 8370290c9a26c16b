import '../../lab/support/reflect-metadata.ts';

import { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { X509CertificateGenerator } from '@peculiar/x509';
import { onTestFinished } from 'vitest';

const keys = await crypto.subtle.generateKey(
  {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  true,
  ['sign', 'verify'],
);
const certificate = await X509CertificateGenerator.createSelfSigned({ name: 'CN=dh', keys });

/**
 * A server that supports only DHE, until the test has finished. `failures`: codes of handshakes
 * that failed.
 */
export async function startDheServer(): Promise<{ url: string; failures: string[] }> {
  const failures: string[] = [];
  const server = createServer({
    cert: certificate.toString('pem'),
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }),
    dhparam: 'auto',
    ciphers: 'kDHE',
    maxVersion: 'TLSv1.2',
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => failures.push(error.code ?? ''));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, failures };
}
