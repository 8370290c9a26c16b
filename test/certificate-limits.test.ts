import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { createSecureContext } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../lab/support/certificates.ts';
import { limitCertificates, MAX_CERTIFICATES_BYTES } from '../src/certificate-limits.ts';
import { checkUrl, failed } from './probes/check-once.ts';
import { ScriptedServer } from './support/scripted-server.ts';

const HOUR_MS = 3_600_000;
const NAMES = { commonName: 'x', ipAddresses: ['127.0.0.1'] };
await limitCertificates();
const root = await CertificateAuthority.create('root');

/** What a server sends with so many intermediates below `root`, and so many names besides its address. */
async function certificates({ intermediates = 3, names = 0 }): Promise<Certificate> {
  let issuing = root;
  let chain = '';
  for (let i = 0; i < intermediates; i++) {
    issuing = await issuing.intermediate(`intermediate ${i}`);
    chain = `${issuing.certificate}${chain}`;
  }
  const dnsNames = Array.from({ length: names }, (_, i) => `${i}`.padStart(40, 'n'));
  const { certificate, key } = await issuing.issue({ ...NAMES, dnsNames });
  return { certificate: `${certificate}${chain}`, key };
}

/** Checks a server with these certificates; `root` is trusted. */
async function check(tls: Certificate, insecure = false) {
  const server = await ScriptedServer.start({ tls });
  const context = createSecureContext({ ca: root.certificate });
  return checkUrl(server.url(), { secureContext: () => context, insecure });
}

test.each([
  { intermediates: 0 },
  { intermediates: 20 },
  { names: 1 },
  { names: 250 },
  { names: 700 },
])('certificates with %o are trusted', async (given) => {
  expect(await check(await certificates(given))).toMatchObject({ kind: 'ok' });
});

test('more than 32 KiB of certificates are refused, also of a server that need not be trusted', async () => {
  const tls = await certificates({ names: 800 });
  for (const insecure of [false, true]) {
    const { phase, text } = failed(await check(tls, insecure));
    expect(phase).toBe('handshake');
    expect(text).toContain(
      `: the server sent too long a message: its certificates may have ${MAX_CERTIFICATES_BYTES} bytes (excessive message size)`,
    );
  }
});

test('requests of packages, whose contexts Node makes, are limited as well', async () => {
  const server = await ScriptedServer.start({ tls: await certificates({ names: 800 }) });
  const request = get(server.url(), { ca: root.certificate });
  const [error] = await once(request, 'error');
  expect(error.message).toContain('excessive message size');
});

// Each error hides the ones before it: the reported one is the last.
describe('a verification ends', () => {
  const hasExpired = { notAfter: new Date(Date.now() - HOUR_MS) };

  test('where the authority is not trusted, before dates are looked at', async () => {
    const other = await CertificateAuthority.create('other');
    expect(failed(await check(await other.issue({ ...NAMES, ...hasExpired })))).toMatchObject({
      cause: { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
    });
  });

  test('where a signature is wrong, before dates are looked at', async () => {
    const { certificate, key } = await root.issue({ ...NAMES, ...hasExpired });
    const { raw } = new X509Certificate(certificate);
    raw.writeUInt8((raw.at(-1) ?? 0) ^ 1, raw.length - 1);
    const forged = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(failed(await check({ certificate: forged, key }))).toMatchObject({
      cause: { code: 'CERT_SIGNATURE_FAILURE' },
    });
  });
});
