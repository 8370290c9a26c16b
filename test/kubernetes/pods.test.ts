import { expect, onTestFinished, test, vi } from 'vitest';
import type { EmbeddedApiServer } from '../../lab/embedded/api-server/embedded-api-server.ts';
import type { KubeObject } from '../../lab/parts/control-plane.ts';
import { until } from '../../lab/support/until.ts';
import { createPodInformer, type Pod, type PodsOptions } from '../../src/kubernetes/pods.ts';
import { startApiServer } from '../support/api-server.ts';
import { collectGarbage } from '../support/garbage.ts';

vi.mock('node:timers/promises', async (load) =>
  (await import('./short-waits.ts')).shortenWaits(load),
);

function podObject(name: string, of: { metadata?: object; status?: object } = {}): KubeObject {
  return {
    metadata: { name, namespace: 'monitoring', labels: { app: 'kubenurse' }, ...of.metadata },
    spec: { nodeName: 'node-1', containers: [{ name: 'kubenurse', image: 'kubenurse' }] },
    status: { phase: 'Running', podIP: '10.0.0.1', hostIP: '10.1.0.1', ...of.status },
  };
}

const ready = (status: string) => ({
  conditions: [
    { type: 'ContainersReady', status: status === 'True' ? 'False' : 'True' },
    { type: 'Ready', status },
  ],
});

/** The pods of the namespace `monitoring`, followed until the test ends. */
function followPods(options: Partial<PodsOptions> = {}) {
  const nothing = () => {};
  const oddities: string[] = [];
  const pods = createPodInformer(
    {
      namespace: 'monitoring',
      labelSelector: 'app=kubenurse',
      allowLoopback: false,
      ...options,
    },
    {
      onChange: nothing,
      onError: nothing,
      onRecovery: nothing,
      onExcess: nothing,
      onInvalid: (text) => oddities.push(text),
    },
  );
  const stop = new AbortController();
  const following = pods.follow(stop.signal);
  onTestFinished(async () => {
    stop.abort(new Error('the test is over'));
    await following;
  });
  return Object.assign(pods, { oddities });
}

/** The pod as it is kept, once the API server has this object. */
async function kept(server: EmbeddedApiServer, object: KubeObject): Promise<Pod | undefined> {
  await server.put('pods', object);
  const pods = followPods();
  await until('the list', 5_000, () => pods.items !== undefined);
  return pods.items?.get(object.metadata.name);
}

test('createPodInformer() keeps what describes a neighbour, and nothing else of a pod', async () => {
  const { server } = await startApiServer();
  const before = performance.now();
  const pod = await kept(
    server,
    podObject('a', {
      metadata: { creationTimestamp: '2026-11-28T12:00:00Z' },
      status: ready('True'),
    }),
  );

  expect(pod).toEqual({
    neighbour: {
      podName: 'a',
      namespace: 'monitoring',
      podIP: '10.0.0.1',
      hostIP: '10.1.0.1',
      nodeName: 'node-1',
      phase: 'Running',
      zone: '',
    },
    isTerminating: false,
    isUnready: false,
    wasReady: true,
    isRestartedWhenUnready: false,
    daemonSet: '',
    createdAt: 1_795_867_200,
    runningSince: expect.any(Number),
  });
  expect(pod?.runningSince).toBeGreaterThan(before);
  expect(pod?.runningSince).toBeLessThan(performance.now());
});

test.each([
  { status: ready('True'), isUnready: false },
  { status: ready('False'), isUnready: true },
  // The node no longer reports: the pod's own status does not become unready.
  { status: ready('Unknown'), isUnready: false },
  { status: { conditions: [] }, isUnready: false },
  { status: {}, isUnready: false },
])(
  'createPodInformer() reads the Ready condition $status.conditions.1.status as unready: $isUnready',
  async ({ status, isUnready }) => {
    const { server } = await startApiServer();
    expect(await kept(server, podObject('a', { status }))).toMatchObject({ isUnready });
  },
);

test('createPodInformer() keeps a pod that is not scheduled yet as one that does not run', async () => {
  const { server } = await startApiServer();
  const { metadata } = podObject('a');
  expect(await kept(server, { metadata })).toEqual({
    neighbour: {
      podName: 'a',
      namespace: 'monitoring',
      podIP: '',
      hostIP: '',
      nodeName: '',
      phase: '',
      zone: '',
    },
    isTerminating: false,
    isUnready: false,
    wasReady: false,
    isRestartedWhenUnready: false,
    daemonSet: '',
    createdAt: 0,
    runningSince: undefined,
  });
});

test("createPodInformer() keeps the zone in the pod's label", async () => {
  const { server } = await startApiServer();
  const labels = { app: 'kubenurse', 'topology.kubernetes.io/zone': 'zone-a' };
  const pod = await kept(server, podObject('a', { metadata: { labels } }));
  expect(pod?.neighbour.zone).toBe('zone-a');
});

test('createPodInformer() keeps no text that is longer than any valid one', async () => {
  const { server } = await startApiServer();
  const long = 'a'.repeat(64);
  const object = podObject('a', {
    metadata: {
      labels: { app: 'kubenurse', 'topology.kubernetes.io/zone': long },
      ownerReferences: [{ controller: true, kind: 'DaemonSet', uid: long }],
    },
    status: { phase: long, podIP: long, hostIP: long },
  });
  const spec = { nodeName: 'a'.repeat(254) };
  const { neighbour, daemonSet } = (await kept(server, { ...object, spec })) ?? {};
  const empty = { podIP: '', hostIP: '', nodeName: '', phase: '', zone: '' };
  expect(neighbour).toEqual({ podName: 'a', namespace: 'monitoring', ...empty });
  expect(daemonSet).toBe('');
});

test.each([
  [{ livenessProbe: { httpGet: { path: '/ready' } } }, true],
  [{ startupProbe: { httpGet: { path: '/ready' } } }, true],
  [{ livenessProbe: { httpGet: { path: '/alwayshappy' } } }, false],
  [{ readinessProbe: { httpGet: { path: '/ready' } } }, false],
  [{ livenessProbe: { tcpSocket: { port: 8080 } } }, false],
])(
  'createPodInformer() keeps whether kubelet restarts a pod with %o when it is unready: %o',
  async (probes, isRestartedWhenUnready) => {
    const { server } = await startApiServer();
    const spec = { nodeName: 'node-1', containers: [{ name: 'proxy' }, { name: 'a', ...probes }] };
    expect(await kept(server, { ...podObject('a'), spec })).toMatchObject({
      isRestartedWhenUnready,
    });
  },
);

const daemonSet = { kind: 'DaemonSet', name: 'kubenurse', uid: 'a-uid' };
test.each([
  [[{ ...daemonSet, controller: true }], 'a-uid'],
  [[null, { kind: 'Node', controller: false }, { ...daemonSet, controller: true }], 'a-uid'],
  [[daemonSet], ''],
  [[{ ...daemonSet, kind: 'ReplicaSet', controller: true }], ''],
  [[{ ...daemonSet, uid: 7, controller: true }], ''],
  ['a-uid', ''],
])(
  'createPodInformer() keeps the DaemonSet of a pod with the owners %j: %j',
  async (owners, uid) => {
    const { server } = await startApiServer();
    const metadata = { ownerReferences: owners };
    expect(await kept(server, podObject('a', { metadata }))).toMatchObject({ daemonSet: uid });
  },
);

test('createPodInformer() sees that a pod is terminating', async () => {
  const { server } = await startApiServer();
  const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(await kept(server, podObject('a', { metadata }))).toMatchObject({ isTerminating: true });
});

test('createPodInformer() keeps since when a pod has run, across events and a new list', async () => {
  const { server } = await startApiServer();
  const pods = followPods();
  await until('it watches', 5_000, () => server.watchers === 1);
  await server.put('pods', podObject('a', { status: { phase: 'Pending' } }));
  await until('it is pending', 5_000, () => pods.items?.has('a') ?? false);
  expect(pods.items?.get('a')?.runningSince).toBeUndefined();

  await server.put('pods', podObject('a', { status: ready('False') }));
  await until('it runs', 5_000, () => pods.items?.get('a')?.neighbour.phase === 'Running');
  const runningSince = pods.items?.get('a')?.runningSince;
  expect(runningSince).toBeTypeOf('number');
  await server.put('pods', podObject('a', { status: ready('True') }));
  await until('it is ready', 5_000, () => pods.items?.get('a')?.isUnready === false);
  expect(pods.items?.get('a')?.runningSince).toBe(runningSince);

  const { items } = pods;
  server.compact();
  await until('another list', 5_000, () => pods.items !== items);
  expect(pods.items?.get('a')?.runningSince).toBe(runningSince);
});

test('createPodInformer() requests the pods of the namespace that match the selector, and no others', async () => {
  const { server } = await startApiServer();
  await server.put('pods', podObject('ours'));
  await server.put('pods', podObject('other', { metadata: { labels: { app: 'other' } } }));
  await server.put('pods', podObject('elsewhere', { metadata: { namespace: 'default' } }));
  const pods = followPods();
  await until('it watches', 5_000, () => server.watchers === 1);
  expect([...(pods.items?.keys() ?? [])]).toEqual(['ours']);
  for (const { path } of server.requests) {
    const { pathname, searchParams } = new URL(path, server.url);
    expect(pathname).toBe('/api/v1/namespaces/monitoring/pods');
    expect(searchParams.get('labelSelector')).toBe('app=kubenurse');
  }

  await server.put('pods', podObject('ours', { metadata: { labels: { app: 'other' } } }));
  await until('it matches no longer', 5_000, () => pods.items?.size === 0);
});

test('createPodInformer() without a selector requests all pods of the namespace', async () => {
  const { server } = await startApiServer();
  await server.put('pods', podObject('other', { metadata: { labels: { app: 'other' } } }));
  const pods = followPods({ labelSelector: '' });
  await until('the list', 5_000, () => pods.items?.has('other') ?? false);
  expect(server.requests[0]?.path).not.toContain('labelSelector');
});

test('createPodInformer() of every namespace keeps pods of the same name apart', async () => {
  const { server } = await startApiServer();
  await server.put('pods', podObject('a'));
  await server.put('pods', podObject('a', { metadata: { namespace: 'default' } }));
  const pods = followPods({ namespace: '' });
  await until('it watches', 5_000, () => server.watchers === 1);
  expect([...(pods.items?.keys() ?? [])].sort()).toEqual(['default/a', 'monitoring/a']);
  expect(new URL(server.requests[0]?.path ?? '', server.url).pathname).toBe('/api/v1/pods');

  await server.remove('pods', 'a', 'default');
  await until('one is left', 5_000, () => pods.items?.size === 1);
  expect([...(pods.items?.keys() ?? [])]).toEqual(['monitoring/a']);
});

test('upstream fault: every pod keeps whole Pod objects, up to megabytes each', async () => {
  const { server } = await startApiServer();
  const annotations = { large: 'x'.repeat(1_000_000) };
  for (let number = 0; number < 20; number++) {
    await server.put('pods', podObject(`pod-${number}`, { metadata: { annotations } }));
  }
  const heap = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const pods = followPods();
  await until('it watches', 5_000, () => server.watchers === 1);
  expect(pods.items?.size).toBe(20);
  await until('what has been read is forgotten', 5_000, () => heap() - before < 5_000_000);
});

test('createPodInformer() remembers that a pod was ready before', async () => {
  const { server } = await startApiServer();
  await server.put('pods', podObject('a', { status: ready('True') }));
  const pods = followPods();
  await until('it is ready', 5_000, () => pods.items?.get('a')?.isUnready === false);

  await server.put('pods', podObject('a', { status: ready('False') }));
  await until('it is not ready', 5_000, () => pods.items?.get('a')?.isUnready === true);
  expect(pods.items?.get('a')).toMatchObject({ wasReady: true });
});
