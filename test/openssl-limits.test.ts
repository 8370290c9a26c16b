import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { get } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createSecureContext, createServer } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../lab/support/certificates.ts';
import { MAX_CERTIFICATES_BYTES } from '../src/certificate-limits.ts';
import { limitOpenSsl } from '../src/openssl-limits.ts';
import { untrusted } from '../src/tls-verification.ts';
import { checkUrl, failed } from './probes/check-once.ts';
import { helloRequestServer } from './support/hello-requests.ts';
import { ScriptedServer } from './support/scripted-server.ts';
import { unnamedCurveCertificate } from './support/unnamed-curve.ts';

const HOUR_MS = 3_600_000;
const NAMES = { commonName: 'x', ipAddresses: ['127.0.0.1'] };
await limitOpenSsl();
const root = await CertificateAuthority.create('root');
const context = createSecureContext({ ca: root.certificate });

/** The certificates of a server: its chain below `root`, and how many names it has. */
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

function checkLimited(url: URL, insecure = false) {
  return checkUrl(url, { secureContext: () => context, insecure });
}

/** Checks a server with these certificates; `root` is trusted. */
async function check(tls: Certificate, insecure = false) {
  const server = await ScriptedServer.start({ tls });
  return checkLimited(server.url(), insecure);
}

test.each([
  { intermediates: 0 },
  { intermediates: 9 },
  { names: 1 },
  { names: 250 },
  { names: 700 },
])('certificates with %o are trusted', async (given) => {
  expect(await check(await certificates(given))).toMatchObject({ kind: 'ok' });
});

test('more than 32 KiB of certificates are rejected, even of a server that need not be trusted', async () => {
  const tls = await certificates({ names: 800 });
  for (const insecure of [false, true]) {
    const { phase, text } = failed(await check(tls, insecure));
    expect(phase).toBe('handshake');
    expect(text).toContain(
      `: the server sent too long a message: its certificates, or the authorities that it names for a client's, may have ${MAX_CERTIFICATES_BYTES} bytes (excessive message size)`,
    );
  }
});

describe('certificates that are costly to read are rejected', () => {
  const refused = expect.stringMatching(
    /: the server sent certificates that cannot be read, more than 10, or some with .* \(length mismatch\)$/,
  );

  test('more than ten', async () => {
    const outcome = failed(await check(await certificates({ intermediates: 10 })));
    expect(outcome).toMatchObject({ phase: 'handshake', text: refused });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a curve without a name (%s)', async (version) => {
    const { certificate, key } = await certificates({});
    const cert = `${certificate}${unnamedCurveCertificate()}`;
    const server = createServer({ cert, key, maxVersion: version }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const outcome = await checkLimited(new URL(`https://127.0.0.1:${port}/`), true);
    expect(failed(outcome)).toMatchObject({ phase: 'handshake', text: refused });
  });
});

describe('more than a hundred requests for another handshake fail a check', () => {
  const failure = expect.stringMatching(
    /: the server sent too many TLS records without data, or requests for another handshake \(uninitialized\)$/,
  );

  test('after the handshake', async () => {
    const url = await helloRequestServer(await certificates({}), 101);
    expect(failed(await checkLimited(url, true))).toMatchObject({
      phase: 'response',
      text: failure,
    });
  });

  test('instead of it', async () => {
    const record = Buffer.from([22, 3, 3, 0, 4, 0, 0, 0, 0]);
    const server = createTcpServer((socket) => {
      socket
        .on('error', () => {})
        .once('data', () => {
          socket.write(Buffer.concat(Array.from({ length: 101 }, () => record)));
        });
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const outcome = await checkLimited(new URL(`https://127.0.0.1:${port}/`), true);
    expect(failed(outcome)).toMatchObject({ phase: 'handshake', text: failure });
  });
});

test('requests of packages, whose contexts Node creates, are limited as well', async () => {
  const server = await ScriptedServer.start({ tls: await certificates({ names: 800 }) });
  const request = get(server.url(), { ca: root.certificate });
  const [error] = await once(request, 'error');
  expect(untrusted(new Error('wrapped', { cause: error }), '')).toMatch(
    /^the server sent too long a message: .* \(excessive message size\)$/,
  );
});

// Each error hides the ones before it: the reported one is the last.
describe('a verification ends', () => {
  const hasExpired = { notAfter: new Date(Date.now() - HOUR_MS) };

  test('if the authority is not trusted, before dates are checked', async () => {
    const other = await CertificateAuthority.create('other');
    expect(failed(await check(await other.issue({ ...NAMES, ...hasExpired })))).toMatchObject({
      cause: { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
    });
  });

  test('if a signature is wrong, before dates are checked', async () => {
    const { certificate, key } = await root.issue({ ...NAMES, ...hasExpired });
    const { raw } = new X509Certificate(certificate);
    raw.writeUInt8((raw.at(-1) ?? 0) ^ 1, raw.length - 1);
    const forged = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(failed(await check({ certificate: forged, key }))).toMatchObject({
      cause: { code: 'CERT_SIGNATURE_FAILURE' },
    });
  });
});
