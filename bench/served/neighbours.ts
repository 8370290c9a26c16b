import { join } from 'node:path';
import { freePort } from '../../lab/support/server-process.ts';
import { startEmbeddedPods } from '../support/embedded-pods.ts';
import { startNode } from './node-process.ts';

/** The address of a neighbour, by its number from 0. */
const addressOf = (i: number) => `127.90.${Math.floor(i / 250)}.${1 + (i % 250)}`;

/**
 * Starts `count` neighbours on this machine: objects in an embedded API server, and one small
 * program that responds for all of them. Resolves to the variables that make a probe check all of
 * them, and the first one as `me_service`.
 */
export async function startNeighbours(
  stack: AsyncDisposableStack,
  count: number,
): Promise<Record<string, string>> {
  const port = String(await freePort());
  const addresses = Array.from({ length: count }, (_, i) => addressOf(i));
  await startNode(
    stack,
    [join(import.meta.dirname, 'neighbour-server.ts')],
    { PORT: port, ADDRESSES: addresses.join(',') },
    `http://${addresses.at(-1)}:${port}/`,
  );

  const { environment } = await startEmbeddedPods(
    stack,
    addresses.map((address, i) => ({ node: `node-${i}.example.org`, address })),
  );
  return {
    ...environment,
    KUBENURSE_NEIGHBOUR_LIMIT: '0',
    KUBENURSE_PORT: port,
    KUBENURSE_SERVICE_URL: `http://${addresses[0]}:${port}`,
    NODE_NAME: 'node-of-ours.example.org',
  };
}
