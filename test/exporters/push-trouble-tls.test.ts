import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../../lab/support/certificates.ts';
import { until } from '../../lab/support/until.ts';
import { startDheServer } from '../support/dhe-server.ts';
import { PushCollector } from '../support/push-collector.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { type StartedPush, startPush } from './started-push.ts';

const authority = await CertificateAuthority.create('ours');
const other = await CertificateAuthority.create('another');
const HERE = { commonName: 'collector', ipAddresses: ['127.0.0.1'] };
const good = await authority.issue(HERE);
const expired = await authority.issue({
  ...HERE,
  notBefore: new Date('2020-01-01'),
  notAfter: new Date('2021-01-01'),
});
const nameless = await authority.issue({ commonName: 'localhost' });
const elsewhere = await authority.issue({ commonName: 'x', dnsNames: ['collector.example.com'] });

/**
 * Returns a function that writes a file, which exists until the test has finished, and returns its
 * path.
 */
function files(): (name: string, text: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'push-trouble-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return (name, text) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
}

async function pushTo(
  tls: Certificate,
  variables: Record<string, string> = {},
): Promise<{ collector: PushCollector; push: StartedPush }> {
  const collector = await PushCollector.start({ tls });
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    ...variables,
  });
  return { collector, push };
}

const failed = ({ failures }: StartedPush) =>
  until('two exports have failed', 5_000, () => failures.length >= 2);
const arrived = ({ pushes }: PushCollector, how: string, count = 1) =>
  until(`pushes ${how}`, 5_000, () => pushes.length >= count);

const UNKNOWN =
  /^the certificate is signed by an unknown authority; name its CA in OTEL_EXPORTER_OTLP_CERTIFICATE or, if that is not set, KUBENURSE_EXTRA_CA$/;

test.each<[string, Certificate, string | undefined, RegExp]>([
  ['of an unknown authority', good, undefined, UNKNOWN],
  ['of another authority', good, other.certificate, UNKNOWN],
  [
    'of another name',
    elsewhere,
    authority.certificate,
    /the certificate is valid for DNS:collector.example.com, not for 127.0.0.1/,
  ],
  ['that has expired', expired, authority.certificate, /certificate has expired/],
  ['that an empty file is to vouch for', good, '', UNKNOWN],
  [
    'whose host is its common name alone',
    nameless,
    authority.certificate,
    /^the certificate is valid for no name: /,
  ],
])('the push trusts no certificate %s, and sends nothing', async (_, tls, ca, message) => {
  const file = files();
  const { collector, push } = await pushTo(
    tls,
    ca === undefined ? {} : { OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', ca) },
  );
  await failed(push);
  expect(push.failures[0]?.message).toMatch(message);
  await push.shutdown(1_000);
  expect(collector.pushes).toEqual([]);
  await until('no connection is left', 1_000, () => collector.open.size === 0);
});

test.each(['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'])(
  'the push reports which file of OTEL_EXPORTER_OTLP_%s cannot be read, and recovers once it can',
  async (name) => {
    const file = files();
    const client = await authority.issue({ commonName: 'client' });
    const texts: Record<string, string> = {
      CERTIFICATE: authority.certificate,
      CLIENT_CERTIFICATE: client.certificate,
      CLIENT_KEY: client.key,
    };
    const variables = Object.entries(texts).map(([name, text]) => [
      `OTEL_EXPORTER_OTLP_${name}`,
      file(name, text),
    ]);
    const environment = Object.fromEntries(variables);
    const path = environment[`OTEL_EXPORTER_OTLP_${name}`];
    rmSync(path);
    const { collector, push } = await pushTo(good, environment);
    await failed(push);
    expect(push.failures[0]?.message).toContain(`no such file or directory, open '${path}'`);
    file(name, texts[name] ?? '');
    await arrived(collector, 'with all files');
    expect(collector.pushes[0]?.client).toBe('client');
  },
);

test('an invalid key fails the push, and nothing else', async () => {
  const file = files();
  const { collector, push } = await pushTo(good, {
    OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', authority.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('tls.crt', good.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('tls.key', 'garbage'),
  });
  await failed(push);
  file('tls.key', good.key);
  await arrived(collector, 'with a key');
});

test('the push reloads authorities and client certificates from their files without a restart', async () => {
  const file = files();
  const first = await authority.issue({ commonName: 'first' });
  const second = await authority.issue({ commonName: 'second' });
  const { collector, push } = await pushTo(good, {
    OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', other.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('tls.crt', first.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('tls.key', first.key),
  });
  await failed(push);
  file('ca.pem', authority.certificate);
  await arrived(collector, 'by the new authority');
  expect(collector.pushes[0]?.client).toBe('first');
  file('tls.crt', second.certificate);
  file('tls.key', second.key);
  await until('the new client certificate is shown', 5_000, () => {
    return collector.pushes.at(-1)?.client === 'second';
  });
  expect(push.failures.filter(({ first }) => first)).not.toEqual([]);
});

test('the push treats HTTPS:// as https://', async () => {
  const collector = await PushCollector.start({ tls: good });
  await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url.replace('https', 'HTTPS'),
    OTEL_EXPORTER_OTLP_CERTIFICATE: files()('ca.pem', authority.certificate),
  });
  await arrived(collector, 'by TLS');
});

test('the push gives up in time if a TLS handshake gets no response', async () => {
  const silent = await ScriptedServer.start({ script: () => {} });
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${silent.port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: '150',
  });
  await failed(push);
  // Without waiting for the 10 s of an export that is not limited.
  expect((push.failures[0]?.at ?? Infinity) - (push.begun[0] ?? NaN)).toBeLessThan(8_000);
  await push.shutdown(1_000);
  await until('no connection is left', 1_000, () => silent.open.size === 0);
});

test('TLS to a port that speaks plain HTTP fails the push, and nothing else', async () => {
  const collector = await PushCollector.start();
  const push = await startPush({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url.replace('http:', 'https:'),
  });
  await failed(push);
  expect(push.failures[0]?.message).toMatch(/wrong version number|packet length too long/i);
});

const issuing = await authority.intermediate('issuing');
const { key, certificate } = await issuing.issue(HERE);
const byIssuing = { key, certificate: `${certificate}${issuing.certificate}` };

test.each(['SSL_CERT_FILE', 'KUBENURSE_EXTRA_CA', 'OTEL_EXPORTER_OTLP_CERTIFICATE'])(
  'the push trusts a collector by %s, with or without the root of its chain',
  async (name) => {
    const file = files();
    for (const { certificate } of [authority, issuing]) {
      const { collector } = await pushTo(byIssuing, { [name]: file('ca.pem', certificate) });
      await arrived(collector, `by ${name}`);
    }
  },
);

test('the push with a client certificate trusts KUBENURSE_EXTRA_CA', async () => {
  const file = files();
  const client = await other.issue({ commonName: 'client' });
  const { collector } = await pushTo(good, {
    KUBENURSE_EXTRA_CA: file('ca.pem', authority.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('tls.crt', client.certificate),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('tls.key', client.key),
  });
  await arrived(collector, 'by a client');
  expect(collector.pushes[0]?.client).toBe('client');
});

test('the push trusts OTEL_EXPORTER_OTLP_CERTIFICATE instead of all others', async () => {
  const file = files();
  const { push } = await pushTo(good, {
    KUBENURSE_EXTRA_CA: file('extra.pem', authority.certificate),
    OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', other.certificate),
  });
  await failed(push);
  expect(push.failures[0]?.message).toMatch(UNKNOWN);
});

test('the push refuses finite-field Diffie-Hellman', async () => {
  const { url, failures } = await startDheServer();
  await failed(await startPush({ OTEL_EXPORTER_OTLP_ENDPOINT: url }));
  expect(new Set(failures)).toEqual(new Set(['ERR_SSL_NO_SHARED_CIPHER']));
});
