import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import type { Cluster } from '../../src/cluster/model.ts';
import { clusterJsonPage } from '../../src/pages/cluster-json.ts';
import { collectFor } from '../../src/pages/collect-for.ts';
import { metricsPage } from '../../src/pages/metrics.ts';
import { reportPage } from '../../src/pages/report.ts';
import { boundUnread, type Response } from '../../src/pages/unread.ts';
import type { Report } from '../../src/verdict/report.ts';
import { finish } from '../../src/verdict/steps.ts';
import { anyTime, inTurn } from '../support/any-time.ts';
import { servePages } from '../support/served-pages.ts';
import { smallView } from '../verdict/small-view.ts';

/** Much more than the kernel buffers for a connection. */
const BYTES = 4_000_000;
const TEXT = 'x'.repeat(BYTES);

/** A client of a page that has begun to receive its response, and does not read it. */
async function openUnread(port: number, path: string): Promise<Socket> {
  const client = connect(port, '127.0.0.1');
  onTestFinished(() => void client.destroy());
  client.on('error', () => {});
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(client, 'readable');
  return client;
}

/** Whether the client receives the whole text, once it reads. */
async function receivesAll(client: Socket): Promise<boolean> {
  const { promise: closed, resolve } = Promise.withResolvers<unknown>();
  client.once('close', resolve).removeAllListeners('readable').resume();
  await closed;
  return client.bytesRead > BYTES;
}

/** A response that does not report when it is closed. */
const fakeResponse = (destroyed = false) => ({ destroyed, destroy: vi.fn(), once: vi.fn() });

test('boundUnread() keeps nothing of responses that are already closed', () => {
  const hold = boundUnread(1);
  const open = fakeResponse();
  hold({}, open as unknown as Response);
  for (let i = 0; i < 5; i += 1) hold({}, fakeResponse(true) as unknown as Response);
  expect(open.destroy).not.toHaveBeenCalled();
});

test('boundUnread() forgets the responses that it destroys', () => {
  const hold = boundUnread(2);
  const responses = Array.from({ length: 5 }, () => fakeResponse());
  for (const each of responses) hold({}, each as unknown as Response);
  expect(responses.map(({ destroy }) => destroy.mock.calls.length)).toEqual([1, 1, 1, 0, 0]);
});

test.each([
  [
    '/metrics',
    metricsPage(async () => ({ contentType: 'text/plain', body: TEXT }), inTurn, anyTime),
  ],
  ['/report', reportPage(() => ({ version: TEXT }) as Report, inTurn)],
])('clients that do not read hold three versions of %s', async (path, page) => {
  const { port } = await servePages({ [path]: page });
  const clients: Socket[] = [];
  while (clients.length < 5) clients.push(await openUnread(port, path));
  expect(await Promise.all(clients.map(receivesAll))).toEqual([false, false, true, true, true]);
});

test('clients that do not read /cluster.json hold the last collection while the next is made', async () => {
  const reports = smallView({}).reports.map((report) => ({ ...report, version: TEXT }));
  const cluster: Cluster = { view: { ...smallView({}), reports }, findings: [] };
  let begun = 0;
  const collect = () => {
    begun += 1;
    return begun < 3 ? Promise.resolve(cluster) : new Promise<Cluster>(() => {});
  };
  const page = clusterJsonPage(collectFor(collect), async (steps) => finish(steps));
  const { port } = await servePages({ '/cluster.json': page });
  const clients = [
    await openUnread(port, '/cluster.json'),
    await openUnread(port, '/cluster.json'),
  ];
  void openUnread(port, '/cluster.json');
  await until('a third collection begins', 5_000, () => begun === 3);
  expect(await Promise.all(clients.map(receivesAll))).toEqual([false, true]);
});
