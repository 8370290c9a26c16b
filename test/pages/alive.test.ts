import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { CheckStates } from '../../src/check-states.ts';
import { type AliveOptions, alivePage } from '../../src/pages/alive.ts';
import { Schedule } from '../../src/schedule.ts';
import { inTurn } from '../support/any-time.ts';
import { failed, fakeCheck, hangingProbe, ok, respondingProbe } from '../support/fake-check.ts';
import { fetchPage, sendBytes, servePages } from '../support/served-pages.ts';

const NEIGHBOUR = {
  podName: 'kubenurse-8fh2x',
  namespace: 'monitoring',
  podIP: '10.10.10.67',
  hostIP: '10.12.12.66',
  nodeName: 'k8s-66',
  phase: 'Running',
  zone: 'zone-a',
};

const ALL_OK = {
  api_server_direct: 'ok',
  api_server_dns: 'ok',
  me_ingress: 'ok',
  me_service: 'ok',
};

/** The state of a check with this text as its last result. */
function stateOf([type, text]: [string, string]) {
  const outcome = text === 'ok' ? ok() : failed('connect', text);
  const now = performance.now();
  const streak = { since: now, lastAt: now, results: 1, outcome };
  return { check: fakeCheck(type), streak: text === 'no result yet' ? undefined : streak };
}

/** Serves `/alive` with these results; returns its port. */
async function serveAlive(
  results: Record<string, string>,
  { address, ...options }: Partial<AliveOptions> & { address?: string } = {},
): Promise<number> {
  const page = alivePage({
    hostname: 'kubenurse-x2bwx',
    refresh: async () => {},
    states: () => Object.entries(results).map(stateOf),
    neighbourhood: { state: () => 'ok', neighbours: () => [NEIGHBOUR] },
    inTurn,
    ...options,
  });
  const { port } = await servePages({ '/alive': page }, address);
  return port;
}

describe('alivePage()', () => {
  test('has the form of the contract, flat and nested', async () => {
    const port = await serveAlive({ ...ALL_OK, 'path_k8s-66': 'ok', extra: 'ok' });
    const response = await sendBytes(
      port,
      'GET /alive?x=1 HTTP/1.1\r\nHost: kubenurse\r\nUser-Agent: curl/8\r\naccept: */*\r\nConnection: close\r\n\r\n',
    );
    const body = response.slice(response.indexOf('\r\n\r\n') + 4);
    expect(response).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    const times = /"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g;
    expect(body.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:4567').replaceAll(times, '"time"')).toBe(`{
 "hostname": "kubenurse-x2bwx",
 "api_server_direct": "ok",
 "api_server_dns": "ok",
 "me_ingress": "ok",
 "me_service": "ok",
 "neighbourhood_state": "ok",
 "neighbourhood": [
  {
   "PodName": "kubenurse-8fh2x",
   "PodIP": "10.10.10.67",
   "HostIP": "10.12.12.66",
   "NodeName": "k8s-66",
   "Phase": "Running"
  }
 ],
 "headers": {
  "User-Agent": [
   "curl/8"
  ],
  "Accept": [
   "*/*"
  ],
  "Connection": [
   "close"
  ]
 },
 "user_agent": "curl/8",
 "request_uri": "/alive?x=1",
 "remote_addr": "127.0.0.1:4567",
 "last_check_result": {
  "api_server_direct": "ok",
  "api_server_dns": "ok",
  "me_ingress": "ok",
  "me_service": "ok",
  "path_k8s-66": "ok",
  "extra": "ok",
  "neighbourhood_state": "ok",
  "neighbourhood": [
   {
    "PodName": "kubenurse-8fh2x",
    "PodIP": "10.10.10.67",
    "HostIP": "10.12.12.66",
    "NodeName": "k8s-66",
    "Phase": "Running"
   }
  ]
 },
 "age_seconds": 0,
 "since": {
  "api_server_direct": "time",
  "api_server_dns": "time",
  "me_ingress": "time",
  "me_service": "time",
  "path_k8s-66": "time",
  "extra": "time"
 },
 "failing": {}
}
`);
  });

  test('names the node if it is known', async () => {
    const { body } = await fetchPage(await serveAlive(ALL_OK, { node: 'k8s-7' }), '/alive');
    expect(Object.entries(JSON.parse(body)).slice(0, 2)).toEqual([
      ['hostname', 'kubenurse-x2bwx'],
      ['node', 'k8s-7'],
    ]);
  });

  test.each<[number, string, Record<string, string>, string]>([
    [200, 'every check is ok', { ...ALL_OK, 'path_k8s-66': 'ok' }, 'ok'],
    [200, 'there is no check', {}, 'ok'],
    [500, 'one of ours is not', { ...ALL_OK, me_ingress: '503 Service Unavailable' }, 'ok'],
    [500, 'a neighbour is not', { ...ALL_OK, 'path_k8s-66': 'connection refused' }, 'ok'],
    [500, 'an extra one is not', { ...ALL_OK, extra: 'no result yet' }, 'ok'],
    [500, 'the neighbours are not known', ALL_OK, 'pods is forbidden'],
  ])('responds with %i when %s', async (status, _, results, state) => {
    const neighbourhood = { state: () => state, neighbours: () => [] };
    const response = await fetchPage(await serveAlive(results, { neighbourhood }), '/alive');
    expect(response.status).toBe(status);
    const shown = JSON.parse(response.body);
    expect(shown.last_check_result).toMatchObject(results);
    expect(shown).toMatchObject({ neighbourhood_state: state, neighbourhood: [] });
  });

  test('shows what is switched off as skipped, no neighbours as an empty list', async () => {
    const port = await serveAlive({ me_service: 'ok' }, { neighbourhood: undefined });
    const { status, body } = await fetchPage(port, '/alive');
    const checks = {
      api_server_direct: 'skipped',
      api_server_dns: 'skipped',
      me_ingress: 'skipped',
      me_service: 'ok',
      neighbourhood_state: 'skipped',
      neighbourhood: [],
    };
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ ...checks, last_check_result: checks });
  });

  test.each(['text/html', 'text/plain', '*/*', 'image/png', ''])(
    'responds with JSON whatever the Accept header says: "%s"',
    async (accept) => {
      const headers = { Accept: accept };
      const response = await fetchPage(await serveAlive(ALL_OK), '/alive', { headers });
      expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
      expect(JSON.parse(response.body).headers.Accept).toEqual([accept]);
    },
  );
});

test.each([
  ['::', '127.0.0.1', /^127\.0\.0\.1:\d+$/],
  ['::', '::1', /^\[::1\]:\d+$/],
  ['127.0.0.1', '127.0.0.1', /^127\.0\.0\.1:\d+$/],
])('alivePage() at %s shows a client of %s as Go does', async (address, host, shown) => {
  const port = await serveAlive(ALL_OK, { address });
  const request = 'GET /alive HTTP/1.1\r\nHost: kubenurse\r\nConnection: close\r\n\r\n';
  const response = await sendBytes(port, request, host);
  expect(JSON.parse(response.split('\r\n\r\n')[1] ?? '').remote_addr).toMatch(shown);
});

describe('alivePage() shows headers', () => {
  /** What the page shows of these header lines. */
  async function shownHeaders(lines: readonly string[]): Promise<object> {
    const port = await serveAlive(ALL_OK);
    const head = ['GET /alive HTTP/1.1', 'Host: kubenurse', 'Connection: close', ...lines];
    const response = await sendBytes(port, `${head.join('\r\n')}\r\n\r\n`);
    const { Connection: _, ...headers } = JSON.parse(response.split('\r\n\r\n')[1] ?? '').headers;
    return headers;
  }

  test('by their canonical names, each a list of its values', async () => {
    const lines = [
      'x-forwarded-for: 10.0.0.1',
      'X-FORWARDED-FOR: 10.0.0.2',
      'etag:',
      '__proto__: a',
    ];
    expect(await shownHeaders(lines)).toEqual({
      'X-Forwarded-For': ['10.0.0.1', '10.0.0.2'],
      Etag: [''],
      ['__proto__']: ['a'],
    });
  });

  test('upstream fault: request headers are echoed, secrets too', async () => {
    const lines = [
      'Authorization: Bearer secret',
      'aUTHORIZATION: Basic secret',
      'proxy-authorization: Basic secret',
      'COOKIE: session=secret',
      'Cookie: other=secret',
      'X-Cookie: shown',
    ];
    expect(await shownHeaders(lines)).toEqual({
      Authorization: ['[redacted]', '[redacted]'],
      'Proxy-Authorization': ['[redacted]'],
      Cookie: ['[redacted]', '[redacted]'],
      'X-Cookie': ['shown'],
    });
  });
});

test('alivePage() shows each of many concurrent clients only its own request', async () => {
  const port = await serveAlive(ALL_OK, { refresh: () => sleep(50) });
  const names = Array.from({ length: 10 }, (_, i) => `client-${i}`);
  const responses = await Promise.all(
    names.map((name) =>
      fetchPage(port, `/alive?${name}`, { headers: { 'X-Name': name, 'User-Agent': name } }),
    ),
  );
  const namesIn = ({ body }: { body: string }) => body.match(/client-\d/g);
  expect(responses.map(namesIn)).toEqual(names.map((name) => [name, name, name, name]));
});

describe('alivePage() bounds what a request can make it show', () => {
  /** The length of a response to these header lines. */
  async function lengthOf(port: number, lines: string): Promise<number> {
    const head = `GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`;
    return (await sendBytes(port, head)).length;
  }

  test.each([
    ['a long value', `X: ${'"'.repeat(15_000)}\r\n`],
    ['a long name', `${'-a'.repeat(7_400)}: x\r\n`],
    ['a long Accept', `Accept: ${'a/b,'.repeat(3_700)}\r\n`],
    ['a long User-Agent', `User-Agent: ${'"'.repeat(15_000)}\r\n`],
    ['many equal headers', 'a: b\r\n'.repeat(90)],
    ['many long headers', `X: ${'"'.repeat(150)}\r\n`.repeat(90)],
  ])('%s', async (_, lines) => {
    const port = await serveAlive(ALL_OK);
    expect((await lengthOf(port, lines)) - (await lengthOf(port, ''))).toBeLessThan(25_000);
  });
});

describe('alivePage() and the checks', () => {
  test('runs them once for many concurrent requests, and responds with their results', async () => {
    const { probe, calledAt } = respondingProbe(150, failed('connect', 'connection refused'));
    const states = new CheckStates(0);
    const schedule = new Schedule({
      checks: () => [fakeCheck('me_service', { probe })],
      recorders: [],
      states,
      interval: 5_000,
      phaseOffset: 0,
    });
    const port = await serveAlive(
      {},
      {
        refresh: (maxAge) => schedule.refresh(maxAge),
        states: () => states.current(),
      },
    );
    const responses = await Promise.all(
      Array.from({ length: 30 }, () => fetchPage(port, '/alive')),
    );
    expect(calledAt).toHaveLength(1);
    for (const { status, body } of responses) {
      const { me_service, failing } = JSON.parse(body);
      expect([status, me_service]).toEqual([500, 'connection refused']);
      expect(failing.me_service).toMatchObject({ cause: 'refused', failures: 1 });
      expect(Math.abs(Date.now() - Date.parse(failing.me_service.since))).toBeLessThan(10_000);
    }
    // A result of just now is fresh.
    await fetchPage(port, '/alive');
    expect(calledAt).toHaveLength(1);
    schedule.stop();
  });

  test('responds a tenth of a second after a response that had to wait for seconds', async () => {
    let takes = 1_000;
    const refresh = () => sleep(takes);
    const port = await serveAlive(ALL_OK, { refresh });
    await fetchPage(port, '/alive');
    takes = 0;
    const begin = performance.now();
    await fetchPage(port, '/alive');
    expect(performance.now() - begin).toBeLessThan(900);
  });

  test('responds within about a second with what is known, and reports how old that is', async () => {
    const hanging = hangingProbe();
    const states = new CheckStates(0);
    const checks = [
      fakeCheck('me_ingress', { probe: hanging.probe }),
      fakeCheck('me_service', { probe: hanging.probe }),
    ];
    const schedule = new Schedule({
      checks: () => checks,
      recorders: [],
      states,
      interval: 60_000,
      phaseOffset: 0,
    });
    const [ingress] = states.update(checks).states;
    if (ingress === undefined) throw new Error('a check has a state');
    states.record(ingress, ok());
    const since = new Date().toISOString();
    const refresh = (maxAge: number) => schedule.refresh(maxAge);
    const port = await serveAlive({}, { refresh, states: () => states.current() });

    for (const _ of [1, 2]) {
      const begin = performance.now();
      const responses = await Promise.all([fetchPage(port, '/alive'), fetchPage(port, '/alive')]);
      const seconds = (performance.now() - begin) / 1000;
      expect(seconds).toBeGreaterThan(0.9);
      expect(seconds).toBeLessThan(10);
      for (const { status, body } of responses) {
        const shown = JSON.parse(body);
        expect([status, shown.me_ingress, shown.me_service]).toEqual([500, 'ok', 'no result yet']);
        expect(shown.age_seconds).toBeGreaterThan(0.9);
        expect(Object.keys(shown.since)).toEqual(['me_ingress']);
        expect(Date.parse(shown.since.me_ingress) - Date.parse(since)).toBeLessThan(100);
      }
    }
    expect(hanging.attempts).toHaveLength(2);

    for (const { resolve } of hanging.attempts) resolve(ok());
    const begin = performance.now();
    const { status, body } = await fetchPage(port, '/alive');
    expect(performance.now() - begin).toBeLessThan(900);
    expect([status, Object.keys(JSON.parse(body).since)]).toEqual([
      200,
      ['me_ingress', 'me_service'],
    ]);
    schedule.stop();
  });

  test('requires results no older than 3 s', async () => {
    const maxAges: number[] = [];
    const refresh = async (maxAge: number) => void maxAges.push(maxAge);
    await fetchPage(await serveAlive(ALL_OK, { refresh }), '/alive');
    expect(maxAges).toEqual([3_000]);
  });
});
