import { expect, onTestFinished, test, vi } from 'vitest';
import type { KubeObject } from '../../lab/parts/control-plane.ts';
import { until } from '../../lab/support/until.ts';
import { createCordonedNodeInformer, isNodeGone, readZone } from '../../src/kubernetes/nodes.ts';
import { startApiServer } from '../support/api-server.ts';
import { waits } from './short-waits.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

function node(name: string, unschedulable?: boolean): KubeObject {
  return { metadata: { name }, spec: unschedulable === undefined ? {} : { unschedulable } };
}

/** The cordoned nodes, followed until the test ends, and the reported errors. */
function followCordonedNodes() {
  const troubles: string[] = [];
  const nodes = createCordonedNodeInformer({
    onChange: () => {},
    onError: ({ message }) => troubles.push(message),
    onRecovery: () => {},
    onExcess: () => {},
    onInvalid: () => {},
  });
  const stop = new AbortController();
  const following = nodes.follow(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'));
    await following;
  });
  return { nodes, troubles };
}

test('createCordonedNodeInformer() follows cordon, uncordon and deletion', async () => {
  const { server } = await startApiServer();
  await server.put('nodes', node('cordoned', true));
  await server.put('nodes', node('free'));
  await server.put('nodes', node('free-again', false));
  const { nodes } = followCordonedNodes();
  const has = (...names: string[]) =>
    until(`${names}`, 5_000, () => [...(nodes.items?.keys() ?? ['unknown'])].join() === `${names}`);

  await has('cordoned');
  await server.put('nodes', node('free', true));
  await has('cordoned', 'free');
  await server.put('nodes', node('cordoned', false));
  await has('free');
  await server.remove('nodes', 'free');
  await has();
});

test('upstream fault: every pod watches every node, so that each kubelet report goes to all of them', async () => {
  const { server } = await startApiServer();
  for (let number = 0; number < 50; number++) await server.put('nodes', node(`node-${number}`));
  const { nodes } = followCordonedNodes();
  await until('it watches', 5_000, () => server.watchers === 1);
  expect(nodes.items?.size).toBe(0);

  expect(server.requests).toHaveLength(2);
  for (const { path } of server.requests) {
    const { pathname, searchParams } = new URL(path, server.url);
    expect(pathname).toBe('/api/v1/nodes');
    expect(searchParams.get('fieldSelector')).toBe('spec.unschedulable=true');
  }
});

test('upstream fault: without the right to read nodes they are listed endlessly', async () => {
  const { server } = await startApiServer();
  server.forbid(['nodes']);
  const { nodes, troubles } = followCordonedNodes();
  await until('five lists', 5_000, () => server.requests.length >= 5);
  expect(server.requests.length).toBeLessThanOrEqual(waits.length + 1);
  expect(Math.max(...waits)).toBeGreaterThanOrEqual(8_000);
  expect(troubles).toEqual([expect.stringMatching('403: nodes is forbidden')]);
  expect(nodes.items).toBeUndefined();
});

test('isNodeGone() is true when there is no such node, false when there is', async () => {
  const { server } = await startApiServer();
  await server.put('nodes', node('node-1'));
  const { signal } = new AbortController();
  expect(await isNodeGone('node-1', signal)).toBe(false);
  expect(await isNodeGone('node-2', signal)).toBe(true);
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/api/v1/nodes/node-1',
    '/api/v1/nodes/node-2',
  ]);
});

test('readZone() is the label of the node, empty if there is none, and rejects if it cannot be queried', async () => {
  const { server } = await startApiServer();
  const labels = { 'topology.kubernetes.io/zone': 'eu-1a' };
  await server.put('nodes', { ...node('node-1'), metadata: { name: 'node-1', labels } });
  await server.put('nodes', node('node-2'));
  const { signal } = new AbortController();
  expect(await readZone('node-1', signal)).toBe('eu-1a');
  expect(await readZone('node-2', signal)).toBe('');
  expect(await readZone('node-3', signal)).toBe('');
  server.forbid(['nodes']);
  expect(await readZone('node-1', signal)).toBe('');
  await server.break({ kind: 'status', code: 500 });
  await expect(readZone('node-1', signal)).rejects.toThrow('500');
});

test.each([401, 403, 410, 429, 500, 503])(
  'isNodeGone() is false when the response is %d',
  async (code) => {
    const { server } = await startApiServer();
    await server.break({ kind: 'status', code });
    expect(await isNodeGone('node-1', new AbortController().signal)).toBe(false);
  },
);

test.each(['garbage', 'half-line', 'endless-line', 'close-before-response'] as const)(
  'isNodeGone() is false when the response is %s',
  async (kind) => {
    const { server } = await startApiServer();
    server.misbehave(kind);
    expect(await isNodeGone('node-1', new AbortController().signal)).toBe(false);
  },
);

test('isNodeGone() is false when the API server is down, or hangs until the signal aborts', async () => {
  const { server } = await startApiServer();
  await server.break({ kind: 'down' });
  expect(await isNodeGone('node-1', new AbortController().signal)).toBe(false);
  await server.break({ kind: 'hang' });
  expect(await isNodeGone('node-1', AbortSignal.timeout(50))).toBe(false);
  expect(await isNodeGone('node-1', AbortSignal.abort())).toBe(false);
});

test('isNodeGone() requests a node by its whole name', async () => {
  const { server } = await startApiServer();
  await isNodeGone('../pods?watch=true', new AbortController().signal);
  expect(server.requests[0]?.path).toBe('/api/v1/nodes/..%2Fpods%3Fwatch%3Dtrue');
});
