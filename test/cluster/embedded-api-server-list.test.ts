import { expect, test } from 'vitest';
import { failure, startWithClient } from './api-client.ts';
import type { KubeObject } from './control-plane.ts';

const PODS = '/api/v1/namespaces/kubenurse/pods';
const NODES = '/api/v1/nodes';

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

test('EmbeddedApiServer lists by namespace and selectors, in the order of names', async () => {
  const { server, client } = await startWithClient();
  await server.put('pods', pod('c', 'kubenurse', { app: 'x' }));
  await server.put('pods', pod('a', 'kubenurse', { app: 'y' }));
  await server.put('pods', pod('b', 'other', { app: 'x' }));
  await server.put('nodes', { metadata: { name: 'n1' }, spec: { unschedulable: true } });
  await server.put('nodes', { metadata: { name: 'n2' } });
  const listed = async (path: string) => names((await client.get(path)).body);

  expect(await listed(PODS)).toEqual(['a', 'c']);
  expect(await listed('/api/v1/pods')).toEqual(['a', 'c', 'b']);
  expect(await listed('/api/v1/namespaces/nowhere/pods')).toEqual([]);
  expect(await listed('/api/v1/pods?labelSelector=app%3Dx')).toEqual(['c', 'b']);
  expect(await listed(`${PODS}?labelSelector=app+in+(x,z),!b`)).toEqual(['c']);
  expect(await listed(`${PODS}?fieldSelector=spec.nodeName=node-of-a`)).toEqual(['a']);
  expect(await listed(`${NODES}?fieldSelector=spec.unschedulable=true`)).toEqual(['n1']);
  expect(await listed(`${NODES}?fieldSelector=spec.unschedulable=false`)).toEqual(['n2']);
  expect(await listed(`${NODES}?fieldSelector=metadata.name%21%3Dn1`)).toEqual(['n2']);
  const [item] = (await client.get(NODES)).body.items;
  expect(Object.keys(item)).toEqual(['metadata', 'spec']); // no kind, no apiVersion
});

test('EmbeddedApiServer refuses parameters that it cannot read', async () => {
  const { client } = await startWithClient();

  for (const [query, message] of [
    ['labelSelector=a+b', /^unable to parse requirement: /],
    ['labelSelector=a+b&watch=1', /^unable to parse requirement: /],
    ['fieldSelector=spec.foo=a', /^field label not supported: spec.foo$/],
    ['fieldSelector=spec.foo', /^invalid selector: 'spec.foo'/],
    ['limit=many', /^limit: Invalid value: "many"/],
    ['watch=1&resourceVersion=old', /^resourceVersion: Invalid value: "old"/],
    ['continue=e30', /^continue key is not valid/],
    ['continue=%7B', /^continue key is not valid/],
  ] as const) {
    const { status, body } = await client.get(`${PODS}?${query}`);
    expect(status).toBe(400);
    expect(body).toEqual(failure(400, 'BadRequest', expect.stringMatching(message)));
  }
});

test('EmbeddedApiServer pages through the objects as they were at the first page', async () => {
  const { server, client } = await startWithClient();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await server.put('pods', pod(name));
  await server.put('pods', pod('z', 'other'));
  for (const name of ['n1', 'n2']) await server.put('nodes', { metadata: { name } });

  const first = (await client.get(`${PODS}?limit=2`)).body;
  expect(names(first)).toEqual(['a', 'b']);
  expect(first.metadata.remainingItemCount).toBe(3);

  await server.remove('pods', 'c', 'kubenurse');
  await server.put('pods', pod('b2'));
  await server.put('pods', pod('d', 'kubenurse', { changed: 'meanwhile' }));
  await server.put('pods', pod('d', 'kubenurse', { changed: 'again' }));
  await server.put('pods', pod('f'));
  await server.put('nodes', { metadata: { name: 'n1' } });
  const second = (await client.get(`${PODS}?limit=2&continue=${first.metadata.continue}`)).body;
  expect(names(second)).toEqual(['c', 'd']);
  expect(second.items[1].metadata.labels).toEqual({});
  expect(second.metadata).toMatchObject({
    resourceVersion: first.metadata.resourceVersion,
    remainingItemCount: 1,
  });
  const third = (await client.get(`${PODS}?limit=2&continue=${second.metadata.continue}`)).body;
  expect(names(third)).toEqual(['e']);
  expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  expect(names((await client.get(PODS)).body)).toEqual(['a', 'b', 'b2', 'd', 'e', 'f']);

  const node = (await client.get(`${NODES}?limit=1`)).body;
  await server.put('pods', pod('a'));
  const others = (await client.get(`${NODES}?limit=9&continue=${node.metadata.continue}`)).body;
  expect(names(others)).toEqual(['n2']);
});

test('EmbeddedApiServer pages through what a selector leaves, without counting the rest', async () => {
  const { server, client } = await startWithClient();
  for (const name of ['a', 'b', 'c', 'd']) {
    await server.put('pods', pod(name, 'kubenurse', name === 'b' ? {} : { app: 'x' }));
  }
  const path = `${PODS}?limit=2&labelSelector=app=x`;

  const first = (await client.get(path)).body;
  expect(names(first)).toEqual(['a', 'c']);
  expect(Object.keys(first.metadata)).toEqual(['resourceVersion', 'continue']);
  const second = (await client.get(`${path}&continue=${first.metadata.continue}`)).body;
  expect(names(second)).toEqual(['d']);
  expect(second.metadata.continue).toBeUndefined();
});

test('EmbeddedApiServer ignores the limit of a list of any version, and takes no version with a token', async () => {
  const { server, client } = await startWithClient();
  for (const name of ['a', 'b']) await server.put('pods', pod(name));

  const any = (await client.get(`${PODS}?limit=1&resourceVersion=0`)).body;
  expect(names(any)).toEqual(['a', 'b']);
  expect(any.metadata.continue).toBeUndefined();
  const token = (await client.get(`${PODS}?limit=1`)).body.metadata.continue;
  const { status } = await client.get(`${PODS}?limit=1&continue=${token}&resourceVersion=3`);
  expect(status).toBe(400);
});

test('EmbeddedApiServer answers 410 for the page of a state that is forgotten', async () => {
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
