import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { apiRequest } from '../src/kubernetes/api-request.ts';
import { createCaBundle } from '../src/probes/ca-bundle.ts';
import { checkUrl } from './probes/check-once.ts';
import { useKubeconfig } from './support/api-server.ts';
import { startDheServer } from './support/dhe-server.ts';

async function checkOnce(url: string): Promise<void> {
  const { secureContext, close } = createCaBundle({
    cluster: undefined,
    extraFile: undefined,
    onMistake: (mistake) => expect.unreachable(mistake),
  });
  onTestFinished(close);
  await checkUrl(new URL(url), { secureContext });
}

async function askApiServer(url: string): Promise<void> {
  await useKubeconfig({ cluster: { server: url }, user: { token: 'secret' } });
  await apiRequest('/api', {}, AbortSignal.timeout(5_000)).catch(() => {});
}

test.each([
  { what: 'a check', connect: checkOnce },
  { what: 'a request to the API server', connect: askApiServer },
])('$what does not negotiate finite-field Diffie-Hellman', async ({ connect }) => {
  const { url, failures } = await startDheServer();

  await connect(url);

  await until('a handshake has failed', 2_000, () => failures.length > 0);
  expect(failures).toEqual(['ERR_SSL_NO_SHARED_CIPHER']);
});
