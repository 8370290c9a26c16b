import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { KINDS } from '../../src/verdict/finding.ts';
import type { CheckReport, ClusterView } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { type Broken, between, FIVE, NO_PATTERN, NOW, smallView } from './small-view.ts';

/** What is broken, and the headline of each finding about it. */
type Row = [what: string, broken: Broken, headlines: string[]];

const SEVEN = {
  ...{ 'node-1': 'a', 'node-2': 'a', 'node-3': 'a', 'node-4': 'a', 'node-5': 'a' },
  ...{ 'node-6': 'b', 'node-7': 'b' },
};
const LOST = { 'node-5': 'unreachable', 'node-6': 'unreachable', 'node-7': 'unreachable' } as const;

const TABLES: Record<string, Row[]> = {
  nothing: [
    ['all is well', {}, []],
    ['one lost check', { failing: between([1], [2]), consecutive: 1 }, []],
    [
      'a path that failed twice, and no other does',
      { failing: between([1], [2]), consecutive: 2 },
      [],
    ],
    [
      'a component that failed once everywhere',
      { failing: { '* me_service': 'refused' }, consecutive: 1 },
      [],
    ],
    ['the only node', { nodes: { 'node-1': '' } }, []],
  ],

  'what only UDP shows': [
    [
      'UDP to a node fails, from every other',
      { udp: { '* ⇢ node-3': 'unreachable' } },
      ['UDP to node-3 fails everywhere: nothing responds.'],
    ],
    [
      'UDP to a node fails from one',
      { udp: { 'node-1 ⇢ node-3': 'unreachable' } },
      ['UDP to node-3 fails on node-1: nothing responds.'],
    ],
    ['pods do not reflect packets yet', { udp: { '* ⇢ node-3': 'refused' } }, []],
    [
      'a node that is not reached by TCP either',
      { silent: { 'node-2': 'unreachable' }, udp: {} },
      ['node-2 is unreachable: nothing responds.'],
    ],
  ],

  'a node that is not reached': [
    ['gone', { silent: { 'node-2': 'unreachable' } }, ['node-2 is unreachable: nothing responds.']],
    [
      'its program ended',
      { silent: { 'node-2': 'refused' } },
      ['kubenurse on node-2 does not run: the node is up and refuses connections.'],
    ],
    [
      'its program hangs',
      { silent: { 'node-2': 'hung' } },
      ['kubenurse on node-2 accepts connections but does not respond.'],
    ],
    [
      'what others begin does not get there, by itself',
      { collector: 'node-2', failing: between([1, 3], [2]) },
      ['No other node reaches node-2, though it runs: connections to it are dropped.'],
    ],
    [
      'something before it refuses connections, by itself',
      { collector: 'node-2', failing: between([1, 3], [2], 'refused') },
      ['No other node reaches node-2, though it runs: connections to it are refused.'],
    ],
    [
      'something before it takes what is sent, by itself',
      { collector: 'node-2', failing: between([1, 3], [2], 'hung') },
      [
        'No other node reaches node-2, though it runs: it accepts connections but does not respond.',
      ],
    ],
    [
      'two of five',
      { nodes: FIVE, silent: { 'node-2': 'unreachable', 'node-4': 'unreachable' } },
      ['node-2 is unreachable: nothing responds.', 'node-4 is unreachable: nothing responds.'],
    ],
    [
      'the service still sends connections there',
      {
        silent: { 'node-2': 'unreachable' },
        failing: { 'node-3 me_service': 'unreachable' },
        consecutive: 3,
      },
      ['node-2 is unreachable: nothing responds.'],
    ],
    [
      'the service fails by itself as well',
      { silent: { 'node-2': 'unreachable' }, failing: { '* me_service': 'refused' } },
      [
        'node-2 is unreachable: nothing responds.',
        'The service fails on every node that reports: connections are refused.',
      ],
    ],
  ],

  'a node that reaches nobody': [
    [
      'and what it checks beside that',
      {
        failing: {
          ...between([2], [1, 3]),
          'node-2 api_server_direct': 'unreachable',
          'node-2 api_server_dns': 'dns',
          'node-2 me_service': 'dns',
          'node-2 me_ingress': 'dns',
        },
      },
      ['node-2 reaches no other node.'],
    ],
    [
      'though but one other is left',
      {
        collector: 'node-3',
        silent: { 'node-1': 'unreachable' },
        failing: {
          ...between([2], [3]),
          'node-2 api_server_direct': 'unreachable',
          'node-2 api_server_dns': 'dns',
          'node-2 me_service': 'dns',
          'node-2 me_ingress': 'dns',
        },
      },
      [
        'node-2 reaches no other node.',
        'The path from node-3 to node-1 is broken: nothing responds.',
      ],
    ],
  ],

  'a path': [
    [
      'one way',
      { failing: between([1], [2]) },
      ['The path from node-1 to node-2 is broken: nothing responds.'],
    ],
    [
      'both ways',
      { failing: { ...between([1], [2]), ...between([2], [1]) } },
      ['The path between node-1 and node-2 is broken: nothing responds.'],
    ],
    [
      'over which the report would come',
      { silent: { 'node-2': 'unreachable' }, failing: { 'node-3 → node-2': 'ok' } },
      ['The path from node-1 to node-2 is broken: nothing responds.'],
    ],
  ],

  'a split': [
    [
      'by zones, seen from the larger side',
      { nodes: FIVE, silent: { 'node-4': 'unreachable', 'node-5': 'unreachable' } },
      ['The network is split: zone a (3 nodes) and zone b (2 nodes) do not reach each other.'],
    ],
    [
      'by zones, seen from the smaller side',
      {
        nodes: FIVE,
        collector: 'node-5',
        silent: { 'node-1': 'unreachable', 'node-2': 'unreachable', 'node-3': 'unreachable' },
      },
      [
        'Only 2 of 5 nodes reported: the rest of the cluster is not visible from here.',
        'The network is split: zone b (2 nodes) and zone a (3 nodes) do not reach each other.',
      ],
    ],
    [
      'a zone and a node of another zone, lost together',
      { nodes: SEVEN, silent: LOST },
      [
        'The network is split: 4 nodes (node-1, node-2, node-3 and node-4) and 3 nodes (node-5, node-6 and node-7) do not reach each other.',
      ],
    ],
    [
      'one way',
      { nodes: FIVE, collector: 'node-5', failing: between([1, 2, 3], [4, 5]) },
      [
        'The network is split one way: zone a (3 nodes) cannot reach zone b (2 nodes), but can be reached from there.',
      ],
    ],
    [
      'for large packets alone',
      {
        nodes: FIVE,
        failing: { ...between([1, 2, 3], [4, 5], 'mtu'), ...between([4, 5], [1, 2, 3], 'mtu') },
      },
      [
        'The network is split for large packets: zone a (3 nodes) and zone b (2 nodes) do not reach each other.',
      ],
    ],
  ],

  'what every node checks': [
    [
      'the API server',
      { failing: { '* api_server_direct': 'refused', '* api_server_dns': 'refused' } },
      ['The API server fails everywhere: connections are refused.'],
    ],
    [
      'the API server, by its name',
      { failing: { '* api_server_dns': 'tls' } },
      ['The API server, by its DNS name, fails everywhere: the TLS handshake fails.'],
    ],
    [
      'DNS',
      { failing: { '* api_server_dns': 'dns', '* me_service': 'dns', '* me_ingress': 'dns' } },
      ['DNS fails everywhere: the name cannot be resolved.'],
    ],
    [
      'DNS on a node',
      {
        failing: {
          'node-3 api_server_dns': 'dns',
          'node-3 me_service': 'dns',
          'node-3 me_ingress': 'dns',
        },
      },
      ['DNS fails on node-3: the name cannot be resolved.'],
    ],
    [
      'the name of the ingress alone',
      { failing: { '* me_ingress': 'dns' } },
      ['The ingress fails everywhere: the name cannot be resolved.'],
    ],
    [
      'the ingress',
      { failing: { '* me_ingress': 'status' } },
      ['The ingress fails everywhere: the response is an error status.'],
    ],
    [
      'the service, and the ingress for lack of endpoints',
      { failing: { '* me_service': 'refused', '* me_ingress': 'status' } },
      ['The service fails everywhere: connections are refused.'],
    ],
    [
      'the service in a zone',
      {
        nodes: FIVE,
        failing: { 'node-4 me_service': 'unreachable', 'node-5 me_service': 'unreachable' },
      },
      ['The service fails in zone b: nothing responds.'],
    ],
    [
      'large packets from a node',
      {
        nodes: { 'node-1': '', 'node-2': '' },
        extras: ['shop'],
        failing: {
          ...between([1], [2], 'mtu'),
          ...between([2], [1], 'mtu'),
          'node-2 api_server_direct': 'mtu',
          'node-2 shop': 'mtu',
        },
      },
      [
        'The path between node-1 and node-2 is broken: large packets are lost, small ones arrive.',
        'Large packets from node-2 are lost; small ones arrive.',
      ],
    ],
    ...[
      ['api_server_direct', 'The API server'],
      ['me_service', 'The service'],
      ['me_ingress', 'The ingress'],
      ['shop', 'The target of the check shop'],
    ].map(
      ([type, name]): Row => [
        `${name} that exchanges no large packets with a node, which exchanges them with others`,
        { extras: ['shop'], failing: { [`node-3 ${type}`]: 'mtu' } },
        [`${name} fails on node-3: large packets are lost, small ones arrive.`],
      ],
    ),
  ],

  'lost packets and slowness': [
    [
      'a node loses packets',
      {
        again: {
          'node-2 → node-1': 8,
          'node-2 → node-3': 9,
          'node-1 → node-2': 7,
          'node-3 → node-2': 10,
        },
      },
      ['node-2 loses packets: 10% of the segments to and from it are retransmitted.'],
    ],
    [
      'a path loses packets, and a third node is cordoned',
      {
        nodes: { 'node-1': '', 'node-2': '', 'node-3': '' },
        cordoned: ['node-3'],
        again: { 'node-1 → node-2': 12, 'node-2 → node-1': 12 },
      },
      ['The path between node-1 and node-2 loses packets: 14% of its segments are retransmitted.'],
    ],
    [
      'a path loses packets',
      { again: { 'node-1 → node-2': 20, 'node-2 → node-1': 18 } },
      ['The path between node-1 and node-2 loses packets: 23% of its segments are retransmitted.'],
    ],
    [
      'a node is slow',
      { slow: { 'node-1 → node-3': 0.08, 'node-2 → node-3': 0.09 } },
      ['Checks to node-3 are slow: 80 ms, where 1.0 ms is usual.'],
    ],
    [
      'a path is slow',
      { slow: { 'node-1 → node-2': 0.08 } },
      ['The path from node-1 to node-2 is slow: 80 ms, where 1.0 ms is usual.'],
    ],
    [
      'a name server is silent, and look-ups wait for it',
      {
        nameServers: ['10.0.0.1', '10.0.0.2'],
        failing: { '* dns_10.0.0.1': 'dns', '* dns_tcp_10.0.0.1': 'dns' },
        slow: { '* api_server_dns': 5.01, '* me_service': 5.01 },
      },
      ['One of 2 name servers, 10.0.0.1, fails everywhere: it does not respond.'],
    ],
    [
      'a component is slow',
      { slow: { '* me_ingress': 0.7 } },
      ['me_ingress is slow everywhere: half of the checks take 700 ms or more.'],
    ],
    [
      'a probe is short of CPU, and slow for that',
      { starved: ['node-2'], slow: { 'node-2 → node-1': 0.1, 'node-2 → node-3': 0.1 } },
      ['The probe on node-2 gets too little CPU: its event loop lags by 120 ms on average.'],
    ],
  ],

  'what cannot be seen': [
    [
      'this pod is cut off',
      {
        collector: 'node-3',
        silent: { 'node-1': 'unreachable', 'node-2': 'unreachable' },
        failing: { 'node-3 api_server_direct': 'unreachable' },
      },
      ['This pod, on node-3, reaches no other pod (0 of 2): use another one.'],
    ],
    [
      'a pod without /report',
      { silent: { 'node-2': 'status' }, failing: { '* → node-2': 'ok' } },
      ['No report from node-2.'],
    ],
    [
      'no pod but this one has /report',
      {
        silent: { 'node-2': 'status', 'node-3': 'status' },
        failing: { '* → node-2': 'ok', '* → node-3': 'ok' },
      },
      [
        'Only 1 of 3 nodes reported: the rest of the cluster is not visible from here.',
        'No report from node-2 and node-3.',
      ],
    ],
    [
      'a pattern that nothing explains',
      NO_PATTERN,
      ['10 paths fail, and no single node or split explains it.'],
    ],
    [
      'a cordoned node that nobody checks',
      { silent: { 'node-2': 'unreachable' }, cordoned: ['node-2'] },
      ['No report from node-2.'],
    ],
    [
      'the pod list',
      {
        podListError: 'no response within 5 s',
        failing: { '* api_server_direct': 'unreachable', '* api_server_dns': 'unreachable' },
      },
      [
        'The API server fails everywhere: nothing responds.',
        'Pod list of 11:00 UTC: pods added or removed since then are not known.',
      ],
    ],
  ],
};

describe.each(Object.entries(TABLES))('verdict() names %s:', (_, rows) => {
  test.each(rows)('%s', (_what, broken, headlines) => {
    const found = verdict(smallView(broken));
    expect(found.map(({ headline }) => headline)).toEqual(headlines);
  });
});

const ALL_FINDINGS = Object.values(TABLES).flatMap((rows) =>
  rows.flatMap(([, broken]) => verdict(smallView(broken))),
);

test('Every finding has a runbook that exists', () => {
  const missing = ALL_FINDINGS.filter(({ runbook }) => !existsSync(`docs/runbooks/${runbook}`));
  expect(missing.map(({ kind, runbook }) => `${kind}: ${runbook}`)).toEqual([]);
});

test('The tables have a finding of every kind', () => {
  const kinds = new Set(ALL_FINDINGS.map(({ kind }) => kind));
  expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
});

test('A node that was lost before the zone is not part of the split', () => {
  const view = smallView({ nodes: SEVEN, silent: LOST, consecutive: 24 });
  const earlier = ({ reports, ...rest }: ClusterView): ClusterView => ({
    ...rest,
    reports: reports.map((report) => ({
      ...report,
      checks: report.checks.map((check) =>
        check.node === 'node-5' && check.since !== null
          ? { ...check, since: check.since - 60 }
          : check,
      ),
    })),
  });
  expect(verdict(earlier(view)).map(({ headline }) => headline)).toEqual([
    'The network is split: zone a (4 nodes) and zone b (2 nodes) do not reach each other.',
    'node-5 is unreachable: nothing responds.',
  ]);
});

test('A finding reports since when, by whom, and what is not affected', () => {
  const [found] = verdict(smallView({ silent: { 'node-2': 'unreachable' }, consecutive: 24 }));
  expect(found).toMatchObject({
    kind: 'node_unreachable',
    since: NOW - 120,
    witnesses: { agree: 2, of: 2 },
    notAffected:
      'Not affected: 2 of 4 paths, the API server, the API server by name, the ingress and the service.',
    victims: [
      { node: 'node-1', type: 'path_node-2' },
      { node: 'node-3', type: 'path_node-2' },
    ],
    victimCount: 2,
  });
});

test('Only checks of neighbours show that large packets from a node arrive', () => {
  const { reports, ...view } = smallView({ extras: ['shop'], failing: { 'node-1 shop': 'mtu' } });
  const withoutPaths = reports.map((report) => ({
    ...report,
    checks: report.checks.filter(({ kind }) => report.node !== 'node-1' || kind !== 'path'),
  }));
  expect(verdict({ ...view, reports: withoutPaths }).map(({ headline }) => headline)).toEqual([
    'Large packets from node-1 are lost; small ones arrive.',
  ]);
});

test('What fails because large packets are lost has the runbook of an MTU fault', () => {
  const found = verdict(smallView({ failing: { 'node-3 me_ingress': 'mtu' } }));
  expect(found).toMatchObject([{ kind: 'ingress', runbook: 'KubenurseMtuFault.md' }]);
});

test('A time is right by the clock of the collector, however wrong that of the reporting pod is', () => {
  const view = smallView({ failing: between([2], [3]) });
  const reports = view.reports.map((report) => ({
    ...report,
    reportedAt: report.reportedAt - 1_000,
    checks: report.checks.map((check) => ({ ...check, since: (check.since ?? 0) - 1_000 })),
  }));
  expect(verdict({ ...view, reports })[0]?.since).toBe(NOW - 60);
});

/** The view without the reports of these nodes, which were not requested. */
function unrequested(nodes: readonly string[], broken: Broken = {}): ClusterView {
  const view = smallView(broken);
  return {
    ...view,
    reports: view.reports.filter(({ node }) => !nodes.includes(node)),
    silent: [
      ...view.silent,
      ...nodes.map((node) => ({ node, pod: `pod-of-${node}`, cause: null, text: 'not requested' })),
    ],
  };
}

test('A pod whose report was not requested is not accused', () => {
  const found = verdict(unrequested(['node-5'], { nodes: FIVE }));
  expect(found).toMatchObject([{ kind: 'silent', subject: { nodes: ['node-5'] }, cause: null }]);
  expect(found[0]?.details).toEqual([
    'What is known: their reports were not requested, because the collection ran out of time.',
  ]);
});

test('If most pods were not requested in time, the verdict reports that, and accuses nobody', () => {
  const [first, ...others] = verdict(unrequested(['node-3', 'node-4', 'node-5'], { nodes: FIVE }));
  expect(first).toMatchObject({ kind: 'mostly_silent', severity: 'warning', cause: null });
  expect(first?.headline).toBe(
    'Only 2 of 5 nodes reported: the collection ran out of time before it requested the others.',
  );
  expect(others).toMatchObject([{ kind: 'silent', severity: 'info' }]);
});

test('Nodes whose reports were not requested are not a side of a split because of one failing path each', () => {
  const late = ['node-5', 'node-6', 'node-7'];
  const failing = { ...between([1], [5]), ...between([2], [6]), ...between([3], [7]) };
  const view = unrequested(late, { nodes: SEVEN, failing });
  const isKept = ({ node, state }: CheckReport) =>
    node === undefined || !late.includes(node) || state === 'failing';
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.filter(isKept),
  }));
  expect(verdict({ ...view, reports }).map(({ kind }) => kind)).toEqual([
    'path',
    'path',
    'path',
    'silent',
  ]);
});

test('Nodes whose reports were not requested are a side of a split if three nodes fail to reach each', () => {
  const late = ['node-5', 'node-6', 'node-7'];
  const view = unrequested(late, { nodes: SEVEN, failing: between([1, 2, 3, 4], [5, 6, 7]) });
  expect(verdict(view)[0]).toMatchObject({ kind: 'split' });
});

test('A pod that is cut off counts only the pods that it requested reports from', () => {
  const found = verdict(
    unrequested(['node-5'], {
      nodes: FIVE,
      silent: {
        'node-2': 'unreachable',
        'node-3': 'unreachable',
        'node-4': 'unreachable',
      },
      failing: { '* → node-5': 'unreachable' },
    }),
  );
  expect(found[0]?.headline).toBe(
    'This pod, on node-1, reaches no other pod (0 of 3): use another one.',
  );
});

test('The zone of a silent node is known from those that check it', () => {
  const view = smallView({
    nodes: FIVE,
    silent: { 'node-4': 'unreachable', 'node-5': 'unreachable' },
  });
  const expected = view.expected.map((pod) => ({ ...pod, zone: '' }));
  expect(verdict({ ...view, expected })).toEqual(verdict(view));
  expect(verdict(view)[0]?.headline).toMatch(/^The network is split: zone a .* and zone b /);
});

test('A path is not slow if it fails, or has hardly been checked', () => {
  const slow = { slow: { 'node-1 → node-2': 0.08 } };
  expect(verdict(smallView(slow)).map(({ kind }) => kind)).toEqual(['slow']);
  const failing = smallView({ ...slow, failing: between([1], [2]), consecutive: 3 });
  expect(verdict(failing).map(({ kind }) => kind)).toEqual(['path']);
  const view = smallView(slow);
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) => ({
      ...check,
      lastMinute: { ...check.lastMinute, checks: 5 },
    })),
  }));
  expect(verdict({ ...view, reports })).toEqual([]);
});
