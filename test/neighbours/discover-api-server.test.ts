import { describe, expect, onTestFinished, test } from 'vitest';
import type { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import { LABEL, NAMESPACE } from '../../lab/parts/pod.ts';
import { until } from '../../lab/support/until.ts';
import { createCordonedNodeInformer, isNodeGone } from '../../src/kubernetes/nodes.ts';
import { createPodInformer } from '../../src/kubernetes/pods.ts';
import { Neighbourhood } from '../../src/neighbours/discover.ts';
import { startApiServer } from '../support/api-server.ts';
import { neighbourOn } from '../support/pods.ts';

/** Starts an API server with a node and a ready kubenurse pod for each name. */
async function startCluster(...nodeNames: string[]): Promise<EmbeddedApiServer> {
  const { server } = await startApiServer();
  for (const name of nodeNames) await addNode(server, name);
  return server;
}

async function addNode(server: EmbeddedApiServer, name: string): Promise<void> {
  await setCordoned(server, name, false);
  const { podName, podIP, hostIP, phase } = neighbourOn(name);
  await server.put('pods', {
    metadata: { name: podName, namespace: NAMESPACE, labels: { [LABEL.key]: LABEL.value } },
    spec: { nodeName: name },
    status: { phase, podIP, hostIP, conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

async function setCordoned(server: EmbeddedApiServer, name: string, unschedulable: boolean) {
  await server.put('nodes', { metadata: { name }, spec: { unschedulable } });
}

async function removePod(server: EmbeddedApiServer, nodeName: string): Promise<void> {
  await server.remove('pods', neighbourOn(nodeName).podName, NAMESPACE);
}

/** The neighbourhood of the pod on node `a`, as it follows the API server until the test ends. */
function follow({ allowUnschedulable = false } = {}) {
  const troubles: string[] = [];
  const events = {
    onChange: () => neighbourhood.changed(),
    onError: ({ message }: Error) => troubles.push(message),
    onRecovery: () => {},
    onExcess: () => {},
    onInvalid: () => {},
  };
  const pods = createPodInformer(
    {
      namespace: NAMESPACE,
      labelSelector: `${LABEL.key}=${LABEL.value}`,
      allowLoopback: false,
    },
    events,
  );
  const cordonedNodes = allowUnschedulable ? undefined : createCordonedNodeInformer(events);
  const neighbourhood = new Neighbourhood({
    podName: neighbourOn('a').podName,
    namespace: NAMESPACE,
    nodeName: undefined,
    hostname: 'host',
    limit: 0,
    pods,
    cordonedNodes,
    isNodeGone,
    zoneOf: () => '',
  });
  const stop = new AbortController();
  const following = [pods.follow(stop.signal), cordonedNodes?.follow(stop.signal)];
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'));
    await Promise.all(following);
  });
  const checks = async (...nodeNames: string[]) => {
    const names = () => neighbourhood.neighbours().map(({ nodeName }) => nodeName);
    await until(`${nodeNames} are checked`, 5_000, () => `${names().sort()}` === `${nodeNames}`);
  };
  return { neighbourhood, pods, checks, troubles };
}

const nodeRequests = ({ requests }: EmbeddedApiServer) =>
  requests.filter(({ path }) => path.startsWith('/api/v1/nodes'));

describe('Neighbourhood, as the API server reports it,', () => {
  test('follows pods that come and go, and nodes that are cordoned and uncordoned', async () => {
    const server = await startCluster('a', 'b', 'c');
    const { neighbourhood, checks, troubles } = follow();
    await checks('b', 'c');
    await addNode(server, 'd');
    await checks('b', 'c', 'd');
    await setCordoned(server, 'b', true);
    await checks('c', 'd');
    await removePod(server, 'c');
    await checks('d');
    await setCordoned(server, 'b', false);
    await checks('b', 'd');

    await setCordoned(server, 'a', true);
    await until('our node is cordoned', 5_000, () => neighbourhood.isOwnNodeCordoned());
    await checks('b', 'd');
    expect(troubles).toEqual([]);
  });

  test('reads no node if cordoned nodes are checked as well', async () => {
    const server = await startCluster('a', 'b', 'c');
    await setCordoned(server, 'b', true);
    server.forbid(['nodes']);
    const { checks, troubles } = follow({ allowUnschedulable: true });
    await checks('b', 'c');
    await addNode(server, 'd');
    await checks('b', 'c', 'd');
    expect(nodeRequests(server)).toEqual([]);
    expect(troubles).toEqual([]);
  });

  test('upstream fault: a response that is an error looks like "no pods"', async () => {
    const server = await startCluster('a', 'b', 'c');
    const { neighbourhood, checks, troubles } = follow();
    await checks('b', 'c');
    await server.break({ kind: 'status', code: 500 });
    server.misbehave(undefined); // cuts the watches
    await until('both are in error', 5_000, () => troubles.length === 2);
    await checks('b', 'c');
    expect(neighbourhood.state()).toBe('ok');
  });

  test('reports in its state that it may not list the pods', async () => {
    const server = await startCluster('a', 'b');
    server.forbid(['pods']);
    const { neighbourhood } = follow();
    await until('the state', 5_000, () => neighbourhood.state().includes('403'));
    expect(neighbourhood.state()).toBe(
      'the API server responded with 403: pods is forbidden: User "kubenurse" cannot list resource ' +
        `"pods" in API group "" in the namespace "${NAMESPACE}"`,
    );
    expect(neighbourhood.neighbours()).toEqual([]);
  });

  test('upstream fault: a node that cannot be looked up makes the pod unready, and its neighbours unknown', async () => {
    const server = await startCluster('a', 'b');
    server.forbid(['nodes']);
    const { neighbourhood, checks, troubles } = follow();
    await checks('b');
    await until('the error', 5_000, () => troubles.length === 1);
    expect(neighbourhood.isOwnNodeCordoned()).toBe(false);
    expect(neighbourhood.state()).toBe('ok');
  });
});

describe('Neighbourhood.isGone(), as the API server reports it,', () => {
  test('is true for a pod that is deleted within the second', async () => {
    const server = await startCluster('a', 'b');
    const { neighbourhood, checks } = follow();
    await checks('b');
    const isGone = neighbourhood.isGone(neighbourOn('b'));
    await until('it has requested the node', 5_000, () => nodeRequests(server).length === 3);
    await removePod(server, 'b');
    expect(await isGone).toBe(true);
  });

  test('is true for a pod whose node is gone, though the pod is still listed', async () => {
    const server = await startCluster('a', 'b');
    const { neighbourhood, checks } = follow();
    await checks('b');
    await server.remove('nodes', 'b');
    expect(await neighbourhood.isGone(neighbourOn('b'))).toBe(true);
    await checks();
  });

  test('is false, within the second, when the API server hangs', async () => {
    const server = await startCluster('a', 'b');
    const { neighbourhood, pods, checks } = follow();
    await checks('b');
    await until('it watches', 5_000, () => pods.isWatching);
    await server.break({ kind: 'hang' });
    const started = performance.now();
    expect(await neighbourhood.isGone(neighbourOn('b'))).toBe(false);
    // A request to the API server may take 10 s.
    expect(performance.now() - started).toBeLessThan(8_000);
    await checks('b');
  });
});
