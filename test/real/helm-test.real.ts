import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { run } from '../cluster/real/command.ts';
import { render } from './helm.ts';
import { theOnly } from './rendered.ts';
import { missingTools } from './tools.ts';

/** Runs what the pod of `helm test` does, against a Service that answers `/alive` with this status. */
async function helmTest(status: number): Promise<string> {
  const [container] = theOnly<V1Pod>(await render(), 'Pod').spec?.containers ?? [];
  const [program, ...args] = container?.command ?? [];
  expect(program).toBe('/nodejs/bin/node');
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/alive' ? status : 200;
    response.end(url === '/alive' ? '{"me_service": "what fails"}' : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await run(['env', `SERVICE_URL=http://127.0.0.1:${port}`, process.execPath, ...args]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe.skipIf(missingTools(['helm']).length > 0)('helm test', () => {
  test('passes where the Service answers, and a node’s checks are ok', async () => {
    expect(await helmTest(200)).toBe(
      '/alwayshappy 200 \n/alive 200 {"me_service": "what fails"}\n',
    );
  });

  test('fails where a check of the node does', async () => {
    await expect(helmTest(500)).rejects.toThrow('exit code 1');
  });
});
