import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../../lab/support/certificates.ts';
import { apiRequest, readBody } from '../../src/kubernetes/api-request.ts';
import { useKubeconfig } from '../support/api-server.ts';

const root = await CertificateAuthority.create('root');
const issuing = await root.intermediate('issuing');
const ADDRESS = { commonName: 'api', ipAddresses: ['127.0.0.1'] };

/**
 * Sends a request to an API server with this certificate, with a kubeconfig that trusts
 * `authority`.
 */
async function requestNodes(
  { certificate, key }: Certificate,
  { authority = root, host = '127.0.0.1' } = {},
): Promise<string> {
  let requests = 0;
  const server = createServer({ cert: certificate, key }, (_, response) => {
    requests++;
    response.end('{}');
  });
  server.on('tlsClientError', () => {}).listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await useKubeconfig({
    cluster: {
      server: `https://${host}:${(server.address() as AddressInfo).port}`,
      'certificate-authority-data': Buffer.from(authority.certificate).toString('base64'),
    },
    user: { token: 'secret' },
  });
  try {
    return await readBody(await apiRequest('/api', {}, AbortSignal.timeout(5_000)), 100);
  } finally {
    onTestFinished(() => expect(requests).toBeLessThan(2));
  }
}

test('apiRequest() trusts an authority file that holds only the issuing intermediate', async () => {
  const { certificate, key } = await issuing.issue(ADDRESS);
  const chain = { certificate: `${certificate}${issuing.certificate}`, key };
  expect(await requestNodes(chain, { authority: issuing })).toBe('{}');
  expect(await requestNodes({ certificate, key }, { authority: issuing })).toBe('{}');
  expect(await requestNodes(chain, { authority: root })).toBe('{}');
});

test('apiRequest() refuses a certificate that has its host only in the common name', async () => {
  const named = await root.issue({ commonName: 'localhost' });
  await expect(requestNodes(named, { host: 'localhost' })).rejects.toThrow(
    /^the certificate is valid for no name: .*, not for localhost$/,
  );
});

test('apiRequest() reports that the authority of the server is unknown, and names no flag of Node', async () => {
  const stranger = await CertificateAuthority.create('stranger');
  await expect(requestNodes(await stranger.issue(ADDRESS))).rejects.toThrow(
    /^the certificate is signed by an unknown authority; only the cluster's CA is trusted/,
  );
});
