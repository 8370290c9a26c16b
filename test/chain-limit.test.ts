import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { CertificateAuthority } from '../lab/support/certificates.ts';
import { limitChains } from '../src/chain-limit.ts';
import { checkUrl, failed } from './probes/check-once.ts';
import { ScriptedServer } from './support/scripted-server.ts';

await limitChains();

/** Checks a server whose root is trusted, over this many intermediates. */
async function checkOver(intermediates: number) {
  const root = await CertificateAuthority.create('root');
  let issuing = root;
  let chain = '';
  for (let i = 0; i < intermediates; i++) {
    issuing = await issuing.intermediate(`intermediate ${i}`);
    chain = `${issuing.certificate}${chain}`;
  }
  const { certificate, key } = await issuing.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });
  const server = await ScriptedServer.start({
    tls: { certificate: `${certificate}${chain}`, key },
  });
  const context = createSecureContext({ ca: root.certificate });
  return checkUrl(server.url(), { secureContext: () => context });
}

test.each([0, 1, 4])('limitChains() lets %i intermediates pass', async (intermediates) => {
  expect(await checkOver(intermediates)).toMatchObject({ kind: 'ok' });
});

test.each([5, 20])('limitChains() refuses %i intermediates', async (intermediates) => {
  const { phase, cause } = failed(await checkOver(intermediates));
  expect(phase).toBe('handshake');
  expect(cause).toMatchObject({ code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' });
});
