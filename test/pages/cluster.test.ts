import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import type { Cluster } from '../../src/cluster/model.ts';
import { readSaved } from '../../src/cluster/read-saved.ts';
import { clusterJsonPage } from '../../src/pages/cluster-json.ts';
import { clusterPage } from '../../src/pages/cluster-page/page.ts';
import { clusterTextPage } from '../../src/pages/cluster-text.ts';
import type { KoaPage } from '../../src/pages/page.ts';
import type { CheckReport, Report } from '../../src/verdict/report.ts';
import { finish, type RunSteps } from '../../src/verdict/steps.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { fetchPage, servePages } from '../support/served-pages.ts';
import { type Broken, smallView } from '../verdict/small-view.ts';

const RUNBOOKS = 'https://example.com/kubenurse/docs/runbooks/';

const run: RunSteps = async (steps) => finish(steps);

/** The collection of a cluster with this fault, `age` seconds old. */
function clusterOf(broken: Broken, age = 3): Cluster {
  const view = { ...smallView(broken), now: Date.now() / 1000 - age };
  return { view, findings: verdict(view) };
}

function serve(cluster: Cluster) {
  const collect = async () => cluster;
  return servePages({
    '/cluster': clusterPage(collect, RUNBOOKS, run),
    '/cluster.json': clusterJsonPage(collect, run),
    '/cluster.txt': clusterTextPage(collect, RUNBOOKS, run),
  });
}

test('/cluster.txt is the verdict in words with its age, with status 200 whatever it is', async () => {
  const { port } = await serve(clusterOf({ silent: { 'node-2': 'refused' } }));
  const { status, headers, body } = await fetchPage(port, '/cluster.txt');
  expect(status).toBe(200);
  expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', age: '3' });
  expect(body.split('\n').slice(0, 4)).toEqual([
    expect.stringMatching(/^Collected [\d-]+ [\d:]+ UTC, 3 s ago by pod-of-node-1 on node-1\.$/),
    '2 of 3 pods reported.',
    '',
    'CRITICAL: kubenurse on node-2 does not run: the node is up and refuses',
  ]);
});

test.each<[what: string, broken: Broken, status: number]>([
  ['all is well', {}, 200],
  ['it knows less than it should', { podListError: 'no response within 5 s' }, 200],
  ['something is slow', { slow: { '* me_ingress': 0.7 } }, 503],
  ['something is broken', { failing: { '* me_ingress': 'status' } }, 503],
])('/cluster.json has the status of the verdict if %s', async (_, broken, expected) => {
  const cluster = clusterOf(broken);
  const { port } = await serve(cluster);
  const { status, headers, body } = await fetchPage(port, '/cluster.json');
  expect(status).toBe(expected);
  expect(headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    age: '3',
  });
  expect(JSON.parse(body)).toEqual({ schema: 1, ...cluster });
});

test.each(['/cluster', '/cluster.txt'])(
  '%s is rendered once per collection, however many view it',
  async (path) => {
    let reads = 0;
    const { view, findings } = clusterOf({});
    const reports = view.reports.map(({ checks, ...report }) => ({
      ...report,
      get checks() {
        reads += 1;
        return checks;
      },
    }));
    const { port } = await serve({ view: { ...view, reports }, findings });
    await fetchPage(port, path);
    const readsOfOne = reads;
    for (let viewers = 2; viewers <= 4; viewers++) await fetchPage(port, path);
    expect(readsOfOne).toBeGreaterThan(0);
    expect(reads).toBe(readsOfOne);
  },
);

test('/cluster.json of a large cluster is complete, and can be evaluated again', async () => {
  const nodes = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`node-${i + 1}`, 'ä']));
  const cluster = clusterOf({ nodes });
  const { port } = await serve(cluster);
  const { body } = await fetchPage(port, '/cluster.json');
  expect(body.length).toBeGreaterThan(1_000_000);
  expect(readSaved(body)).toEqual(cluster.view);
  const head = await fetchPage(port, '/cluster.json', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '' });
});

test('/cluster.json is rendered in steps, and only as far as it is read', async () => {
  const nodes = Object.fromEntries(Array.from({ length: 160 }, (_, i) => [`node-${i + 1}`, 'ä']));
  const cluster = clusterOf({ nodes });
  let chunks = 0;
  let steps = 0;
  const counting: RunSteps = async (all) => {
    chunks += 1;
    for (;;) {
      const { done, value } = all.next();
      if (done) return value;
      steps += 1;
    }
  };
  const { port } = await servePages({
    '/cluster.json': clusterJsonPage(async () => cluster, counting),
  });
  await fetchPage(port, '/cluster.json');
  const whole = chunks;
  expect(whole).toBeGreaterThan(20);
  expect(steps).toBeGreaterThan(160);
  const viewer = connect(port, '127.0.0.1');
  onTestFinished(() => void viewer.destroy());
  viewer.write('GET /cluster.json HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(viewer, 'data');
  viewer.pause();
  // This takes turns with the other viewer, who reads nothing any more.
  await fetchPage(port, '/cluster.json');
  expect(chunks).toBeLessThan(2.5 * whole);
});

test('/cluster.json of one long report is rendered in pieces', async () => {
  const view = smallView({});
  const [report] = view.reports;
  const [check] = report?.checks ?? [];
  const minutes = Array.from({ length: 60 }, () => [12, 3, 0.123456789] as const);
  const lastHour = { start: 0, minutes };
  const checks = Array.from({ length: 500 }, () => ({ ...check, lastHour }) as CheckReport);
  const cluster = { view: { ...view, reports: [{ ...report, checks } as Report] }, findings: [] };
  const page = clusterJsonPage(async () => cluster, run);
  const lengths: number[] = [];
  const { port } = await servePages({
    '/cluster.json': async (context) => {
      await (page as KoaPage)(context);
      (context.body as Readable).on('data', (chunk) => lengths.push(chunk.length));
    },
  });
  const { body } = await fetchPage(port, '/cluster.json');
  expect(JSON.parse(body)).toEqual({ schema: 1, ...cluster });
  expect(body.length).toBeGreaterThan(500_000);
  expect(Math.max(...lengths)).toBeLessThan(100_000);
});

test('a viewer that leaves during /cluster.json is not an error of the page', async () => {
  // More than the kernel buffers for a viewer that does not read.
  const nodes = Object.fromEntries(Array.from({ length: 160 }, (_, i) => [`node-${i + 1}`, 'ä']));
  const cluster = clusterOf({ nodes });
  const page = clusterJsonPage(async () => cluster, run);
  let closed = 0;
  const { port, errors } = await servePages({
    '/cluster.json': async (context) => {
      context.res.once('close', () => closed++);
      await (page as (of: typeof context) => Promise<void>)(context);
    },
  });
  for (let viewers = 1; viewers <= 3; viewers++) {
    const viewer = connect(port, '127.0.0.1');
    viewer.write('GET /cluster.json HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(viewer, 'data');
    viewer.pause().destroy();
    await until('the response to be closed', 5_000, () => closed === viewers);
  }
  // Served after what the last viewer's departure has caused.
  await fetchPage(port, '/cluster.json', { method: 'HEAD' });
  expect(errors).toEqual([]);
});

test('a collection that fails is an error of the page, and the next one is shown', async () => {
  const good = clusterOf({});
  let isGood = false;
  const collect = async () => {
    if (!isGood) throw new Error('a bug');
    return good;
  };
  const { port, errors } = await servePages({
    '/cluster.txt': clusterTextPage(collect, RUNBOOKS, run),
  });
  expect((await fetchPage(port, '/cluster.txt')).status).toBe(500);
  expect(errors).toEqual(['cannot serve a request: a bug']);
  isGood = true;
  expect((await fetchPage(port, '/cluster.txt')).status).toBe(200);
});
