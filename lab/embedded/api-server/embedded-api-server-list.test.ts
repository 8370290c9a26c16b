import { expect, test } from 'vitest';
import { failure } from '../../contract/api-client.ts';
import { names, PODS, pod } from '../../contract/contract-objects.ts';
import { startWithClient } from './start-with-client.ts';

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
