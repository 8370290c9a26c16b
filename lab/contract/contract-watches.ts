import { expect, test } from 'vitest';
import type { ApiClient, Watch, WatchEvent } from './api-client.ts';
import { NODES, node, PODS, pod } from './contract-objects.ts';
import type { Contracted } from './contracted.ts';

async function revision(client: ApiClient): Promise<string> {
  return (await client.get(NODES)).body.metadata.resourceVersion;
}

/**
 * The next `count` events, without those that only mark an object as being deleted: a real API
 * server sends one even for a pod that is deleted immediately.
 */
async function changes(watch: Watch, count: number): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  while (events.length < count) {
    const event = await watch.next();
    if (event.type !== 'MODIFIED' || !event.object.metadata.deletionTimestamp) events.push(event);
  }
  return events;
}

async function summary(watch: Watch, count: number): Promise<string[]> {
  const events = await changes(watch, count);
  return events.map(({ type, object }) => `${type} ${object.metadata.name}`);
}

/** Watches of pods and nodes. */
export function watchContract(name: string, contracted: Contracted): void {
  test(`${name}: a watch reports each change once, with whole objects`, async () => {
    const { controlPlane, client } = contracted;
    await controlPlane.put('pods', pod('before'));
    const since = await revision(client);
    const watch = await client.watch(`${PODS}?resourceVersion=${since}`);
    expect(watch.response.headers['content-type']).toBe('application/json');
    await controlPlane.put('pods', pod('a'));
    await controlPlane.put('pods', pod('a', { labels: { changed: 'yes' } }));
    await controlPlane.remove('pods', 'a', 'kubenurse');
    await controlPlane.put('pods', pod('sentinel'));

    const events = await changes(watch, 4);
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED', 'ADDED']);
    expect(events[1]?.object).toMatchObject({
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'a', labels: { changed: 'yes' } },
      spec: { containers: [{ name: 'kubenurse' }] },
    });
    expect(events[2]?.object.metadata.labels).toEqual({ changed: 'yes' });
    expect(events[3]?.object.metadata.name).toBe('sentinel');
    const versions = events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(versions).toEqual([...new Set(versions)].toSorted((one, other) => one - other));
    expect(versions[0]).toBeGreaterThan(Number(since));
  });

  test(`${name}: a watch reports the life of a pod, from its creation to its end`, async () => {
    const { controlPlane, client } = contracted;
    const addresses = { podIP: '10.21.101.1', podIPs: [{ ip: '10.21.101.1' }] };
    const ready = { type: 'Ready', status: 'True' };
    const put = (options: Parameters<typeof pod>[1]) =>
      controlPlane.put('pods', pod('a', { nodeName: 'n', ...options }));
    const watch = await client.watch(`${PODS}?resourceVersion=${await revision(client)}`);
    await put({ status: { phase: 'Pending' } });
    await put({ status: { phase: 'Running', ...addresses } });
    await put({ status: { phase: 'Running', ...addresses, conditions: [ready] } });
    await put({
      status: { phase: 'Running', ...addresses, conditions: [ready] },
      deletionTimestamp: new Date().toISOString(),
    });
    await controlPlane.remove('pods', 'a', 'kubenurse');

    const events: WatchEvent[] = [];
    while (events.at(-1)?.type !== 'DELETED') events.push(await watch.next());
    const stages = events.map(({ type, object: { metadata, spec, status } }) => {
      const conditions: { type: string; status: string }[] = status?.conditions ?? [];
      const isReady = conditions.some((one) => one.type === 'Ready' && one.status === 'True');
      const stage = metadata.deletionTimestamp ? 'terminating' : isReady ? 'ready' : status?.podIP;
      return `${type} ${stage ?? 'pending'}${spec.nodeName ? ' on n' : ''}`;
    });
    // The scheduler may bind it in between.
    expect([...new Set(stages.slice(1))]).toEqual([
      ...(stages.includes('MODIFIED pending on n') ? ['MODIFIED pending on n'] : []),
      'MODIFIED 10.21.101.1 on n',
      'MODIFIED ready on n',
      'MODIFIED terminating on n',
      'DELETED terminating on n',
    ]);
    expect(stages[0]).toMatch(/^ADDED pending/);
  });

  test(`${name}: a watch from a version reports all that came after it`, async () => {
    const { controlPlane, client } = contracted;
    await controlPlane.put('pods', pod('a'));
    const since = await revision(client);
    await controlPlane.put('nodes', node('n'));
    await controlPlane.put('pods', pod('elsewhere', { namespace: 'other' }));
    await controlPlane.put('pods', pod('b'));
    await controlPlane.remove('pods', 'a', 'kubenurse');

    const inNamespace = await client.watch(`${PODS}?resourceVersion=${since}`);
    expect(await summary(inNamespace, 2)).toEqual(['ADDED b', 'DELETED a']);
    const everywhere = await client.watch(`/api/v1/pods?resourceVersion=${since}`);
    expect(await summary(everywhere, 3)).toEqual(['ADDED elsewhere', 'ADDED b', 'DELETED a']);
  });

  test.each(['', '?resourceVersion=0'])(
    `${name}: a watch from "%s" reports first what exists`,
    async (query) => {
      const { controlPlane, client } = contracted;
      await controlPlane.put('nodes', node('b'));
      await controlPlane.put('nodes', node('a', { cordoned: true }));

      const watch = await client.watch(`${NODES}${query}`);
      await controlPlane.put('nodes', node('c'));
      expect((await watch.summary(2)).toSorted()).toEqual(['ADDED a', 'ADDED b']);
      expect(await watch.summary(1)).toEqual(['ADDED c']);
      const cordoned = await client.watch(`${NODES}?fieldSelector=spec.unschedulable=true`);
      await controlPlane.put('nodes', node('b', { cordoned: true }));
      await controlPlane.put('nodes', node('a'));
      expect(await cordoned.summary(3)).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
    },
  );

  test(`${name}: a watch with a selector reports an object that leaves as deleted, one that enters as added`, async () => {
    const { controlPlane, client } = contracted;
    const put = (name: string, labels: Record<string, string>) =>
      controlPlane.put('pods', pod(name, { labels }));
    await put('a', { app: 'x', version: 'last-that-matched' });
    const since = await revision(client);
    const watch = await client.watch(`${PODS}?labelSelector=app=x&resourceVersion=${since}`);
    await put('a', { app: 'y', version: 'none' });
    await put('a', { app: 'z', version: 'none' });
    await controlPlane.remove('pods', 'a', 'kubenurse');
    await put('b', { app: 'y' });
    await put('b', { app: 'x' });
    await put('b', { app: 'x', more: 'x' });

    const left = await watch.next();
    expect(left).toMatchObject({
      type: 'DELETED',
      object: { kind: 'Pod', metadata: { labels: { app: 'x', version: 'last-that-matched' } } },
    });
    expect(Number(left.object.metadata.resourceVersion)).toBeGreaterThan(Number(since));
    expect(await watch.summary(2)).toEqual(['ADDED b', 'MODIFIED b']);
  });

  test(`${name}: a watch ends after the time that was requested, with a bookmark before if that is allowed`, async () => {
    const { controlPlane, client } = contracted;
    await controlPlane.put('pods', pod('a'));
    const started = performance.now();
    const [plain, allowed] = await Promise.all([
      client.watch(`${PODS}?timeoutSeconds=3`),
      client.watch(`${PODS}?timeoutSeconds=3&allowWatchBookmarks=true`),
    ]);
    expect(await plain.summary(1)).toEqual(['ADDED a']);
    expect(await allowed.summary(1)).toEqual(['ADDED a']);

    const { type, object } = await allowed.next();
    expect({ type, kind: object.kind }).toEqual({ type: 'BOOKMARK', kind: 'Pod' });
    expect(Number(object.metadata.resourceVersion)).toBeGreaterThan(0);
    expect(await allowed.end()).toEqual({ complete: true });
    expect(await plain.end()).toEqual({ complete: true });
    expect(performance.now() - started).toBeGreaterThan(2_900);
  });

  test(`${name}: a watch from a forgotten version gets one error event, and ends`, async () => {
    const { controlPlane, client } = contracted;
    const since = await revision(client);
    await controlPlane.put('pods', pod('a'));
    await controlPlane.compact();

    const past = await client.watch(`${PODS}?resourceVersion=${since}`);
    expect(past.response.statusCode).toBe(200);
    expect(await past.next()).toEqual({
      type: 'ERROR',
      object: {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: expect.stringMatching(
          new RegExp(`^too old resource version: ${since} \\(\\d+\\)$`),
        ),
        reason: 'Expired',
        code: 410,
      },
    });
    expect(await past.end()).toEqual({ complete: true });
    const present = await client.watch(`${PODS}?resourceVersion=${await revision(client)}`);
    await controlPlane.put('pods', pod('b'));
    expect(await present.summary(1)).toEqual(['ADDED b']);
  });
}
