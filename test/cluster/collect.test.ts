import type { RequestListener } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type CollectOptions, createCollect } from '../../src/cluster/collect.ts';
import type { FetchFrom } from '../../src/cluster/collection.ts';
import { followsNeighbours } from '../../src/cluster/model.ts';
import type { CheckReport } from '../../src/verdict/report.ts';
import { closedPort } from '../support/closed-port.ts';
import { type Broken, smallView } from '../verdict/small-view.ts';
import { listedPods, ownReport, reporting, startFleet } from './fleet.ts';

/** The size of the longest report that is read, in bytes. */
const MAX_BODY = 2 ** 20;

const FIVE = { 'node-1': 'a', 'node-2': 'a', 'node-3': 'a', 'node-4': 'b', 'node-5': 'b' };
const TIMEOUTS = { request: 5_000, long: 5_000, collection: 20_000, kept: 5_000 };

function nodes(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`node-${i + 1}`, '']));
}

/** Collects as the first node of this cluster. */
function collector(
  broken: Broken,
  { fetch, ...options }: Partial<CollectOptions> & { fetch: FetchFrom },
) {
  const view = smallView(broken);
  return createCollect({
    ownReport: () => ownReport(view),
    others: {
      list: () => ({
        pods: listedPods(view),
        cordoned: [],
        listedAt: view.podListAt,
        error: null,
      }),
      fetch,
    },
    signal: new AbortController().signal,
    turn: () => setImmediate(),
    timeouts: TIMEOUTS,
    ...options,
  });
}

test('a collection has the report of every pod, and this pod’s from memory', async () => {
  const view = smallView({ nodes: FIVE });
  const respond = reporting(view);
  const requests: string[] = [];
  const fetch = await startFleet((podIP, request, response) => {
    requests.push(`${podIP} ${request.url}`);
    respond(podIP, request, response);
  });
  const before = Date.now() / 1000;
  const cluster = await collector({ nodes: FIVE }, { fetch })();
  expect(cluster).toEqual({ view: { ...view, now: expect.any(Number) }, findings: [] });
  expect(cluster.view.now).toBeGreaterThanOrEqual(before);
  expect(followsNeighbours(cluster.view)).toBe(true);
  expect(requests.sort()).toEqual([1, 2, 3, 4].map((address) => `127.9.0.${address} /report`));
});

type Handler = (report: string, ...exchange: Parameters<RequestListener>) => void;

const send =
  (change: (report: Record<string, unknown>) => unknown): Handler =>
  (report, _, response) => {
    const body = JSON.stringify(change(JSON.parse(report)));
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(body) }).end(body);
  };

test.each<[what: string, handle: Handler, cause: string | null, text: string | RegExp]>([
  ['hangs', () => {}, 'other', /^waiting for the response of .*: no report within 1 s/],
  [
    'sends a byte now and then',
    (_report, _request, response) => {
      response.writeHead(200, { 'Content-Length': 100 });
      setInterval(() => response.write('x'), 100).unref();
    },
    'other',
    /no report within 1 s/,
  ],
  [
    'has no /report',
    (_r, _q, response) => response.writeHead(404).end(),
    'status',
    '404 Not Found',
  ],
  [
    'sends too much',
    (_report, _request, response) =>
      response.writeHead(200, { 'Content-Length': MAX_BODY + 1 }).end('x'.repeat(MAX_BODY + 1)),
    'status',
    `the response exceeds ${MAX_BODY} bytes`,
  ],
  [
    'sends something else',
    (_report, _request, response) => response.writeHead(200, { 'Content-Length': 6 }).end('<html>'),
    'status',
    'the report cannot be used: it is not JSON',
  ],
  [
    'sends very many lists',
    send((report) => ({ ...report, more: Array(30_000).fill([]) })),
    'status',
    'the report cannot be used: it has more than 20000 lists',
  ],
  [
    'sends very many objects',
    send((report) => ({ ...report, more: Array(15_000).fill({}) })),
    'status',
    'the report cannot be used: it has more than 10000 objects',
  ],
  [
    'sends half a report',
    (report, _request, response) => {
      response.writeHead(200, { 'Content-Length': report.length });
      response.write(report.slice(0, 100), () => response.destroy());
    },
    'reset',
    /the connection was closed before the response/,
  ],
  [
    'says that it is on another node',
    send((report) => ({ ...report, node: 'node-2' })),
    'status',
    'the report cannot be used: node is node-2, not node-3',
  ],
  [
    'says that it is another pod',
    send((report) => ({ ...report, pod: 'pod\u001b[2J' })),
    'status',
    'the report cannot be used: pod is pod [2J, not pod-of-node-3',
  ],
  [
    'sends a report without checks',
    send(({ checks, ...report }) => report),
    'status',
    'the report cannot be used: checks must be a list',
  ],
])('a pod that %s is silent, and the others report', async (_, handle, cause, text) => {
  const view = smallView({ nodes: FIVE });
  const respond = reporting(view);
  const report = JSON.stringify(view.reports[2]);
  const fetch = await startFleet((podIP, request, response) => {
    if (podIP === '127.9.0.2') handle(report, request, response);
    else respond(podIP, request, response);
  });
  const { view: collected, findings } = await collector(
    { nodes: FIVE },
    { fetch, timeouts: { ...TIMEOUTS, request: 1_000 } },
  )();
  expect(collected.reports.map(({ node }) => node)).toEqual([
    'node-1',
    'node-2',
    'node-4',
    'node-5',
  ]);
  expect(collected.silent).toEqual([
    {
      pod: 'pod-of-node-3',
      node: 'node-3',
      cause,
      text: typeof text === 'string' ? text : expect.stringMatching(text),
    },
  ]);
  expect(findings.map(({ kind }) => kind)).toEqual(['silent']);
});

test('a false report of thousands of nodes and name servers adds a hundred of each', async () => {
  const view = smallView({ nodes: FIVE });
  const respond = reporting(view);
  const lie: Handler = send((report) => {
    const [path] = (report.checks as CheckReport[]).filter(({ kind }) => kind === 'path');
    const paths = Array.from({ length: 1_000 }, (_, index) => ({
      ...{ ...path, type: `path_${index}`, node: `${index}` },
    }));
    const servers = Array.from({ length: 1_000 }, (_, index) => ({
      ...{ ...path, type: `dns_${index}`, kind: 'name_server' },
    }));
    return { ...report, checks: [...(report.checks as CheckReport[]), ...paths, ...servers] };
  });
  const fetch = await startFleet((podIP, request, response) => {
    const report = JSON.stringify(view.reports[2]);
    if (podIP === '127.9.0.2') lie(report, request, response);
    else respond(podIP, request, response);
  });
  const { view: collected } = await collector({ nodes: FIVE }, { fetch })();
  const [honest, report] = [view.reports, collected.reports].map(([, , third]) => third?.checks);
  expect(report).toHaveLength((honest?.length ?? 0) + 200);
  expect(report?.slice(0, honest?.length)).toEqual(honest);
});

test('nothing in a report begins before its pod was created, by whatever clock', async () => {
  const view = smallView({ nodes: FIVE });
  const year5138 = 1e11;
  const lie = send(({ checks, ...report }) => ({
    ...{ ...report, startedAt: 0, reportedAt: year5138 },
    checks: (checks as CheckReport[]).map((check) => ({ ...check, since: 0 })),
  }));
  const fetch = await startFleet((_podIP, request, response) =>
    lie(JSON.stringify(view.reports[2]), request, response),
  );
  const [pod] = listedPods(view).filter(({ node }) => node === 'node-3');
  const pods = pod ? [{ ...pod, createdAt: Date.now() / 1000 - 600 }] : [];
  const list = () => ({ pods, cordoned: [], listedAt: view.podListAt, error: null });
  const { view: collected } = await collector(
    { nodes: FIVE },
    { fetch, others: { list, fetch } },
  )();
  const [, report] = collected.reports;
  const times = [report?.startedAt ?? 0, ...(report?.checks ?? []).map(({ since }) => since ?? 0)];
  // The clocks of the API server and of this machine may differ by an hour.
  expect(Math.max(...times.map((time) => year5138 - time))).toBeCloseTo(600 + 3_600, -2);
});

test('a pod that does not run is silent', async () => {
  const view = smallView({ nodes: FIVE, silent: { 'node-3': 'refused' } });
  const [fetch, port] = [await startFleet(reporting(view)), await closedPort('127.9.0.2')];
  const refused: FetchFrom = (pod, ...request) =>
    fetch(pod.node === 'node-3' ? { ...pod, podIP: `127.9.0.2:${port}/` } : pod, ...request);
  const { findings, view: collected } = await collector(
    { nodes: FIVE, silent: { 'node-3': 'refused' } },
    { fetch: refused },
  )();
  expect(collected.silent).toMatchObject([{ node: 'node-3', cause: 'refused' }]);
  expect(findings).toMatchObject([{ kind: 'node_unreachable', cause: 'refused' }]);
});

test('between reports that take long to read, the event loop has many turns for neighbours', async () => {
  let key = 0;
  const more = Array.from({ length: 9_000 }, () =>
    Object.fromEntries([key++, key++, key++].map((name) => [`k${name}`, 0])),
  );
  const body = Buffer.from(JSON.stringify({ schema: 1, more }));
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) globalThis.setImmediate(count);
  };
  count();
  const { view } = await collector({ nodes: FIVE }, { fetch: async () => ({ body }) })();
  isOver = true;
  expect(view.silent).toHaveLength(4);
  expect(turns).toBeGreaterThan(1_000);
});

test('at most 64 requests run at once, and all viewers share one collection', async () => {
  const broken = { nodes: nodes(200) };
  const view = smallView(broken);
  const respond = reporting(view);
  let [open, most, all] = [0, 0, 0];
  const paths = new Set<string | undefined>();
  // No response until 64 requests have arrived, and a moment in which more could.
  const full = Promise.withResolvers<void>();
  const fetch = await startFleet(async (podIP, request, response) => {
    all += 1;
    open += 1;
    most = Math.max(most, open);
    paths.add(request.url);
    if (open === 64) setTimeout(full.resolve, 200);
    await full.promise;
    open -= 1;
    respond(podIP, request, response);
  });
  const collect = collector(broken, {
    fetch,
    timeouts: { ...TIMEOUTS, request: 30_000, collection: 60_000 },
  });
  const [one, other] = await Promise.all([collect(), collect()]);
  expect(other).toBe(one);
  expect(one.view.reports).toHaveLength(200);
  expect({ most, all }).toEqual({ most: 64, all: 199 });
  expect([...paths]).toEqual(['/report?hour=failures']);
});

/** The report of this pod, padded with spaces to the length of the longest that is read. */
function padded(report: unknown): Buffer {
  return Buffer.from(JSON.stringify(report).padEnd(MAX_BODY));
}

/** The padded report of each pod, by its IP address. */
function longReports(view: ReturnType<typeof smallView>): Map<string, Buffer> {
  const reportOf = (name: string) => view.reports.find(({ pod }) => pod === name);
  return new Map(listedPods(view).map(({ podIP, pod }) => [podIP, padded(reportOf(pod))]));
}

test('long reports that never end neither delay usual ones nor are evidence', async () => {
  const broken = { nodes: nodes(130) };
  const respond = reporting(smallView(broken));
  const body = padded({}).subarray(0, -1);
  const fetchReport = await startFleet((podIP, ...exchange) => {
    if (Number(podIP.split('.')[3]) % 2 === 0) return respond(podIP, ...exchange);
    exchange[1].writeHead(200, { 'Content-Length': MAX_BODY }).write(body);
  });
  let waited = 0;
  const fetch: FetchFrom = (pod, path, signal, maxBody) => {
    if (maxBody === MAX_BODY) waited += 1;
    return fetchReport(pod, path, signal, maxBody);
  };
  const { view, findings } = await collector(broken, {
    fetch,
    timeouts: { ...TIMEOUTS, request: 60_000, long: 1_000, collection: 60_000 },
  })();
  expect(view.reports).toHaveLength(65);
  // Those already requested when the sixteenth has not arrived are still waited for.
  expect(waited).toBeGreaterThanOrEqual(16);
  expect(waited).toBeLessThan(16 + 8);
  const texts = view.silent.map(({ cause, text }) => `${cause}: ${text.replace(/.*: /, '')}`);
  expect(new Set(texts)).toEqual(
    new Set([
      'status: no report within 1 s',
      'status: its report is long, and the time for long ones was over',
    ]),
  );
  expect(findings.map(({ kind }) => kind)).toEqual(['mostly_silent', 'silent']);
});

test('long reports that arrive are all read, even if a quarter does not arrive', async () => {
  const broken = { nodes: nodes(130) };
  const view = smallView(broken);
  const bodies = longReports(view);
  const fetch = await startFleet((podIP, _request, response) => {
    const isWhole = Number(podIP.split('.')[3]) % 4 !== 0;
    const body = bodies.get(podIP)?.subarray(0, isWhole ? MAX_BODY : -1);
    response.writeHead(200, { 'Content-Length': MAX_BODY }).write(body);
  });
  const timeouts = { ...TIMEOUTS, long: 500 };
  const { view: collected } = await collector(broken, { fetch, timeouts })();
  const texts = collected.silent.map(({ text }) => text.replace(/.*: /, ''));
  expect(texts).toEqual(Array(32).fill('no report within 0.5 s'));
});

test('long reports that arrive at once are all read, eight at a time', async () => {
  const broken = { nodes: nodes(65) };
  const view = smallView(broken);
  const bodies = longReports(view);
  const full = Promise.withResolvers<void>();
  let [unread, most] = [0, 0];
  const fetchLong = await startFleet((podIP, _request, response) =>
    response.writeHead(200, { 'Content-Length': MAX_BODY }).end(bodies.get(podIP)),
  );
  const fetch: FetchFrom = async (pod, path, signal, maxBody) => {
    const fetched = await fetchLong(pod, path, signal, maxBody);
    if (maxBody < MAX_BODY) return fetched;
    unread += 1;
    most = Math.max(most, unread);
    if (unread === 8) setTimeout(full.resolve, 200);
    await full.promise;
    unread -= 1;
    return fetched;
  };
  const { view: collected } = await collector(broken, { fetch })();
  expect(collected.silent).toEqual([]);
  expect(collected.reports).toHaveLength(65);
  expect(most).toBe(8);
});

test('a collection is kept for a while, and no pod is requested again until somebody views it', async () => {
  const view = smallView({ nodes: FIVE });
  const respond = reporting(view);
  let requests = 0;
  const fetch = await startFleet((podIP, request, response) => {
    requests += 1;
    respond(podIP, request, response);
  });
  const collect = collector({ nodes: FIVE }, { fetch, timeouts: { ...TIMEOUTS, kept: 100 } });
  const first = await collect();
  expect(await collect()).toBe(first);
  await new Promise((passed) => setTimeout(passed, 200));
  expect(requests).toBe(4);
  expect(await collect()).not.toBe(first);
  expect(requests).toBe(8);
});

test('pods that are left when the time is over are not requested, and are no evidence', async () => {
  const broken = { nodes: nodes(20) };
  const view = smallView(broken);
  const respond = reporting(view);
  const fetch = await startFleet((podIP, request, response) =>
    podIP.endsWith('1') ? undefined : respond(podIP, request, response),
  );
  const collect = collector(broken, {
    fetch,
    timeouts: { ...TIMEOUTS, request: 10_000, collection: 500 },
  });
  const { view: collected, findings } = await collect();
  expect(collected.silent).toMatchObject([
    { node: 'node-2', cause: null },
    { node: 'node-12', cause: null },
  ]);
  expect(collected.reports).toHaveLength(18);
  expect(findings.map(({ kind }) => kind)).toEqual(['silent']);
});

/**
 * A collection of 300 nodes, none of which responds; their paths fail as well, except this many.
 */
async function collectInVain(works: number) {
  const failing = Array.from({ length: 299 - works }, (_, i) => [`* → node-${i + 2}`, 'reset']);
  let requests = 0;
  const fetch: FetchFrom = async () => {
    requests += 1;
    return { cause: 'reset', text: 'no answer' };
  };
  const broken: Broken = { nodes: nodes(300), failing: Object.fromEntries(failing) };
  return { ...(await collector(broken, { fetch })()), requests };
}

test('a pod that gets no response from 128 others requests no more', async () => {
  const { findings, requests } = await collectInVain(0);
  expect(requests).toBeGreaterThanOrEqual(128);
  expect(requests).toBeLessThan(128 + 64);
  expect(findings).toMatchObject([
    {
      kind: 'cut_off',
      headline: `This pod, on node-1, reaches no other pod (0 of ${requests}): use another one.`,
    },
  ]);
});

test('a pod with a check of a neighbour that succeeds requests all others', async () => {
  const { findings, requests } = await collectInVain(1);
  expect(requests).toBe(299);
  expect(findings.map(({ kind }) => kind)).toEqual(['mostly_silent']);
});

test('the view has only this pod if neighbours are not followed', async () => {
  const own = ownReport(smallView({ nodes: { 'node-1': '' } }));
  const { view, findings } = await createCollect({
    ownReport: () => ({ ...own, neighbourhood: { state: 'skipped', listedAt: null } }),
    others: undefined,
    signal: new AbortController().signal,
    turn: () => setImmediate(),
  })();
  expect(view).toMatchObject({ podListAt: null, podListError: null, silent: [] });
  expect(view.expected).toEqual([{ pod: 'pod-of-node-1', node: 'node-1', zone: '' }]);
  expect(findings).toEqual([]);
  expect(followsNeighbours(view)).toBe(false);
});

test('the end of the program ends a collection', async () => {
  const stop = new AbortController();
  const fetch = await startFleet(() => stop.abort());
  const begin = performance.now();
  const { view } = await collector({ nodes: FIVE }, { fetch, signal: stop.signal })();
  // Without waiting for the 2 s of a request.
  expect(performance.now() - begin).toBeLessThan(1_900);
  expect(view.silent).toHaveLength(4);
});
