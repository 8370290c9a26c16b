import { expect, onTestFinished, test, vi } from 'vitest';
import { type Certificate, CertificateAuthority } from '../../lab/support/certificates.ts';
import { createCaBundle } from '../../src/probes/ca-bundle.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { temporaryFile } from '../support/temporary-file.ts';
import { checkUrl } from './check-once.ts';

const TOKEN = 'Bearer token-of-the-service-account';
const HERE = { commonName: 'server', ipAddresses: ['127.0.0.1'] };

const cluster = await CertificateAuthority.create('cluster');
const issuing = await cluster.intermediate('issuing');
const system = await CertificateAuthority.create('system');
const extra = await CertificateAuthority.create('extra');
const namesake = await CertificateAuthority.create('cluster');

/** A server's certificate from one authority, sent together with those of others. */
async function chain(authority: CertificateAuthority, ...sent: CertificateAuthority[]) {
  const { certificate, key } = await authority.issue(HERE);
  return {
    key,
    certificate: [certificate, ...sent.map(({ certificate }) => certificate)].join(''),
  };
}

/** The `Authorization` field that the server receives in each of two successful checks. */
async function authorizationFor(
  tls: Certificate,
  cluster: Parameters<typeof createCaBundle>[0]['cluster'],
  extraPem: string,
): Promise<(string | undefined)[]> {
  vi.stubEnv('SSL_CERT_FILE', temporaryFile(system.certificate));
  vi.stubEnv('SSL_CERT_DIR', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
  const trust = createCaBundle({
    cluster,
    extraFile: temporaryFile(extraPem),
    onMistake: (mistake) => expect.unreachable(mistake),
  });
  onTestFinished(trust.close);
  const server = await ScriptedServer.start({ tls });
  const idle = new IdleConnections();
  onTestFinished(() => idle.close());
  // Twice: the second request is over the kept connection.
  for (let i = 0; i < 2; i++) {
    const outcome = await checkUrl(server.url('/version'), {
      authorization: async () => TOKEN,
      secureContext: trust.secureContext,
      isClusterServer: trust.isClusterServer,
      idle,
    });
    expect(outcome).toMatchObject({ kind: 'ok' });
  }
  return server.requests.map((request) => /^authorization: (.*)$/im.exec(request)?.[1]);
}

const direct = await chain(cluster);
const byIssuing = await chain(issuing, issuing);

test.each([
  ['that the CA has signed', cluster, direct],
  ['that its intermediate has signed', cluster, byIssuing],
  ['that the intermediate has signed, which alone is in the CA file', issuing, byIssuing],
  [
    'that sends needless certificates, and not in order',
    cluster,
    await chain(issuing, extra, issuing),
  ],
])("the token goes to the cluster's server %s", async (_, { certificate }, tls) => {
  for (const given of [{ pem: certificate }, { file: temporaryFile(certificate) }]) {
    expect(await authorizationFor(tls, given, extra.certificate)).toEqual([TOKEN, TOKEN]);
  }
});

test.each([
  ["that the system's authority has signed", await chain(system), extra.certificate],
  ['that KUBENURSE_EXTRA_CA has signed', await chain(extra), extra.certificate],
  ['of the same, which sends the CA too', await chain(extra, cluster), extra.certificate],
  [
    "whose authority has the cluster CA's name",
    await chain(namesake, cluster),
    namesake.certificate,
  ],
])('a server %s is checked without the token', async (_, tls, extraPem) => {
  const given = { pem: cluster.certificate };
  expect(await authorizationFor(tls, given, extraPem)).toEqual([undefined, undefined]);
});

test('the token goes to any verified server if the credentials name no CA, and to none without credentials', async () => {
  const tls = await chain(system);
  expect(await authorizationFor(tls, {}, extra.certificate)).toEqual([TOKEN, TOKEN]);
  expect(await authorizationFor(tls, undefined, extra.certificate)).toEqual([undefined, undefined]);
});

test('the token does not go to a server whose CA has expired', async () => {
  // OpenSSL, which uses the system's clock, still verifies the server.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 365 * 24 * 60 * 60 * 1000 });
  onTestFinished(() => void vi.useRealTimers());
  const given = { pem: cluster.certificate };
  expect(await authorizationFor(direct, given, extra.certificate)).toEqual([undefined, undefined]);
});
