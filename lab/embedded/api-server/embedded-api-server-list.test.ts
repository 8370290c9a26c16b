import { expect, test } from 'vitest';
import { failure } from '../../contract/api-client.ts';
import type { KubeObject } from '../../parts/control-plane.ts';
import { startWithClient } from './start-with-client.ts';

const PODS = '/api/v1/namespaces/kubenurse/pods';

function pod(
  name: string,
  namespace = 'kubenurse',
  labels: Record<string, string> = {},
): KubeObject {
  return { metadata: { name, namespace, labels }, spec: { nodeName: `node-of-${name}` } };
}

function names(list: { items: { metadata: { name: string } }[] }): string[] {
  return list.items.map(({ metadata }) => metadata.name);
}

test('EmbeddedApiServer returns 410 for the page of a state that is forgotten', async () => {
  const { server, client } = await startWithClient({ historyLimit: 3 });
  for (const name of ['a', 'b']) await server.put('pods', pod(name));
  const page = async () =>
    `${PODS}?limit=1&continue=${(await client.get(`${PODS}?limit=1`)).body.metadata.continue}`;
  const expired = failure(410, 'Expired', expect.stringMatching(/continue parameter is too old/));

  const overrun = await page();
  for (const name of ['c', 'd', 'e']) await server.put('pods', pod(name));
  expect(names((await client.get(overrun)).body)).toEqual(['b']);
  await server.put('pods', pod('f'));
  expect(await client.get(overrun)).toMatchObject({ status: 410, body: expired });

  const compacted = await page();
  await server.put('pods', pod('g'));
  server.compact();
  expect(await client.get(compacted)).toMatchObject({ status: 410, body: expired });
});
