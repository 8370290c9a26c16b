import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { run } from '../../lab/support/command.ts';
import { missingTools } from '../../lab/tools/tool.ts';
import { freePort } from '../support/start-program.ts';
import { render } from './helm.ts';
import { theOnly } from './rendered.ts';

/** As the program writes it. */
const ALIVE = JSON.stringify(
  {
    hostname: 'kubenurse-x2bwx',
    last_check_result: {
      api_server_direct: 'ok',
      me_ingress: 'skipped',
      me_service: 'connecting to 10.96.7.1:8080:\nconnection refused (ECONNREFUSED)',
      'path_node-2': '503 Service Unavailable',
      neighbourhood_state: 'ok',
      neighbourhood: [],
    },
  },
  null,
  1,
);

/** Runs what the pod of `helm test` runs, with the Service at that URL. */
async function helmTestAt(url: string): Promise<string> {
  const [container] = theOnly<V1Pod>(await render(), 'Pod').spec?.containers ?? [];
  const [program, ...args] = container?.command ?? [];
  expect(program).toBe('/nodejs/bin/node');
  return run(['env', `SERVICE_URL=${url}`, process.execPath, ...args]);
}

/** The same, against a Service that serves `/alive` and the other page with these statuses. */
async function helmTest(status: number, happy = 200): Promise<string> {
  const server = createServer(({ url }, response) => {
    response.statusCode = url === '/alive' ? status : happy;
    response.end(url === '/alive' ? ALIVE : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await helmTestAt(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe.skipIf(missingTools(['helm']).length > 0)('helm test', () => {
  test('passes if the Service responds, and a node’s checks are ok', async () => {
    expect(await helmTest(200)).toMatch(/^ok: http:\/\/127.0.0.1:\d+ responds, and .+\n$/);
  });

  test('prints in one line which checks of the node fail', async () => {
    await expect(helmTest(500)).rejects.toThrow(
      /exit code 1.*\nFAILED: checks of kubenurse-x2bwx fail: me_service: connecting to 10.96.7.1:8080: connection refused \(ECONNREFUSED\); path_node-2: 503 Service Unavailable\n?$/,
    );
  });

  test('prints in one line that the Service responds with an error, or not at all', async () => {
    await expect(helmTest(200, 503)).rejects.toThrow(
      /\nFAILED: http:\S+\/alwayshappy responds with status 503\n?$/,
    );
    const url = `http://127.0.0.1:${await freePort()}`;
    await expect(helmTestAt(url)).rejects.toThrow(
      new RegExp(`\\nFAILED: ${url}: connect ECONNREFUSED 127.0.0.1:\\d+\\n?$`),
    );
  });
});
