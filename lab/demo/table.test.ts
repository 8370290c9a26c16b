import { expect, test } from 'vitest';
import { table } from './table.ts';
import type { Report } from './watch.ts';

const at = (time: string) => new Date(`2026-01-01T${time}`).getTime();
const started = at('12:00:00');

function report(number: number, others: Record<string, string> = {}, since = started): Report {
  const names = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service', 'path_node-9'];
  const texts = { ...Object.fromEntries(names.map((name) => [name, 'ok'])), ...others };
  const results = Object.entries(texts).map(([check, text]) => [check, { text, since }] as const);
  return { node: `node-${number}`, results: new Map(results), latencies: new Map() };
}

function draw(reports: readonly Report[], options: Partial<Parameters<typeof table>[0]> = {}) {
  return table({
    reports,
    verdict: [],
    faults: new Map(),
    isAllFine: false,
    now: at('12:00:09'),
    columns: 100,
    rows: 39,
    paint: (_, text) => text,
    ...options,
  });
}

test('table() has a line for each node, and reports that all is ok', () => {
  const lines = draw([report(1), report(2, { me_service: 'skipped' })], { isAllFine: true });

  expect(lines.join('\n')).toBe(`
12:00:09  2 nodes: all checks ok

node     api direct api dns    ingress    service    neighbours      broken
node-1   ok         ok         ok         ok         1/1 ok
node-2   ok         ok         ok         skipped    1/1 ok`);
});

test('table() shows the verdict under the summary, three sentences of it and the number of the others', () => {
  const verdict = ['node-3 is unreachable.', 'The ingress fails.', 'DNS fails.', 'One.', 'Two.'];
  const lines = draw([report(1)], { verdict, columns: 22 });

  expect(lines.slice(1, 7)).toEqual([
    '12:00:09  1 node: waiting for results',
    '✕ node-3 is unreachab…',
    '✕ The ingress fails.',
    '✕ DNS fails.',
    '… and 2 more: see /cluster',
    '',
  ]);
});

test('table() shows what fails, since when, where and why, what is broken, and the oldest first', () => {
  const silence = 'looking up kubernetes.default.svc.cluster.local: no answer';
  const refused = 'connecting to 127.0.1.3:8080: connection refused';
  const lines = draw(
    [
      report(1, { 'path_node-3': refused, api_server_dns: silence }, at('12:00:05')),
      report(2, { me_ingress: '503 Service Unavailable', api_server_dns: silence }, at('12:00:04')),
      {
        node: 'node-3',
        results: new Map([['/alive', { text: 'no answer', since: at('12:00:03') }]]),
        latencies: new Map(),
      },
      { node: 'node-4', results: new Map(), latencies: new Map() },
    ],
    {
      faults: new Map([
        ['dns', 'silent'],
        ['node-3', 'suspended'],
      ]),
    },
  );

  expect(lines.join('\n')).toBe(`
12:00:09  4 nodes: 5 checks fail

node     api direct api dns    ingress    service    neighbours      broken
node-1   ok         fails      ok         ok         1/2 ok
node-2   ok         fails      503        ok         1/1 ok
node-3   no answer                                                   suspended
node-4   -          -          -          -          -

broken on purpose: dns:silent, node-3:suspended

since 12:00:03  /alive  on node-3
    no answer
since 12:00:04  api_server_dns  on node-1, node-2
    ${silence}
since 12:00:04  me_ingress  on node-2
    503 Service Unavailable
since 12:00:05  path_node-3  on node-1
    ${refused}`);
});

test('table() reports when waiting for results, and when the neighbours are not', () => {
  const lines = draw([report(1, { neighbourhood_state: '403 Forbidden' }), report(2)]);

  expect(lines[1]).toBe('12:00:09  2 nodes: 1 check fails');
  expect(lines[4]).toContain('ok         403');
  expect(draw([report(1)])[1]).toBe('12:00:09  1 node: waiting for results');
});

test('table() has latencies, of neighbours the highest, and fits 80 columns with them', () => {
  const paths = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [`path_node-${index}`, 'ok'] as const),
  );
  const results = report(50, paths).results;
  const latencies = new Map([
    ['api_server_direct', 0.123],
    ['api_server_dns', 0.0004],
    ['me_service', 1.26],
    ['path_node-3', 0.02],
    ['path_node-9', 0.4567],
  ]);
  const lines = draw([{ node: 'node-50', results, latencies }], {
    faults: new Map([['node-50', 'terminating']]),
    columns: 80,
  });

  expect(lines[4]).toBe(
    'node-50  ok 123 ms  ok 0.4 ms  ok         ok 1.3 s   10/10 ok 457 ms terminating',
  );
  expect(lines[4]).toHaveLength(80);
});

test('table() wraps long errors, and names a few of many nodes', () => {
  const text = `connecting to ${'somewhere '.repeat(40)}`;
  const reports = Array.from({ length: 9 }, (_, index) =>
    report(index + 1, index < 8 ? { a: text } : {}),
  );
  const lines = draw(reports);

  const title = lines.indexOf(
    'since 12:00:00  a  on node-1, node-2, node-3, node-4, node-5, node-6 and 2 more',
  );
  expect(lines.slice(title + 1)).toHaveLength(3);
  expect(lines.at(-1)).toMatch(/^ {4}somewhere .*…$/);
});

const many = Array.from({ length: 50 }, (_, index) =>
  report(
    index + 1,
    index % 2 === 0 ? { [`path_node-${index}`]: 'connection refused '.repeat(20) } : {},
  ),
);

test.each([
  [100, 39],
  [60, 20],
  [40, 12],
])('table() keeps within %i columns and %i rows', (columns, rows) => {
  const faults = new Map(many.map(({ node }) => [node, 'slow=1000ms']));
  const lines = draw(many, { columns, rows, faults });

  expect(lines.length).toBeLessThanOrEqual(rows);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
});

test('table() counts what does not fit', () => {
  const text = draw(many, { rows: 20 }).join('\n');

  expect(text).toContain('\nnode-7 ');
  expect(text).toContain('\n… and 46 more nodes, 21 with failures\n');
  expect(text).toMatch(/\n… and 23 more failures$/);
});

test('table() shows the nodes that fail before those that do not', () => {
  const reports = Array.from({ length: 50 }, (_, index) =>
    report(index + 1, index === 48 ? { me_ingress: '503 Service Unavailable' } : {}),
  );
  const text = draw(reports, { rows: 20 }).join('\n');

  expect(text).toMatch(/node-49 .*503/);
  expect(text).toMatch(/… and 38 more nodes, without failures/);
});
