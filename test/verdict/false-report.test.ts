import { expect, test } from 'vitest';
import { CAUSES } from '../../src/model.ts';
import type { Finding } from '../../src/verdict/finding.ts';
import type { CheckReport, ClusterView, Report } from '../../src/verdict/report.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { Random } from './simulator/random.ts';
import { type Broken, NOW, smallView } from './small-view.ts';

const LIAR = 'node-2';

function nodes(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`node-${i + 1}`, `zone-${i % 3}`]),
  );
}

/** The check, or a false one instead: it fails, loses packets or is slow. */
function lie(check: CheckReport, random: Random): CheckReport {
  const { lastMinute } = check;
  return random.pick<() => CheckReport>([
    () => check,
    () => ({
      ...check,
      state: 'failing',
      since: NOW - random.below(3_600),
      consecutive: 1 + random.below(720),
      cause: random.pick(CAUSES),
      event: 'connect_done',
      text: 'a lie',
      lastMinute: { ...lastMinute, failures: 1 + random.below(12) },
    }),
    () => ({ ...check, lastMinute: { ...lastMinute, segmentsRetransmitted: random.below(85) } }),
    () => ({ ...check, lastMinute: { ...lastMinute, medianSeconds: random.between(0, 3) } }),
  ])();
}

/**
 * A quiet cluster in which one pod reports falsely, sometimes about a check that no other pod has.
 */
function withLies(count: number, random: Random): ClusterView {
  const view = smallView({ nodes: nodes(count) });
  return {
    ...view,
    reports: view.reports.map((report) => {
      if (report.node !== LIAR) return report;
      const [first, ...others] = report.checks.map((check) => lie(check, random));
      const invented = first && { ...lie(first, random), kind: 'extra' as const, type: 'invented' };
      return {
        ...report,
        checks: [first, ...others, invented].filter((each) => each !== undefined),
      };
    }),
  };
}

/** Whether the finding is about the liar's node, its paths, or a check that fails only there. */
function isAboutLiar({ subject }: Finding): boolean {
  switch (subject.type) {
    case 'node':
      return subject.node === LIAR;
    case 'path':
      return [subject.from, subject.to].includes(LIAR);
    case 'paths':
      return subject.paths.every((path) => path.includes(LIAR));
    case 'component':
      if (subject.component === 'invented') return true;
      return subject.scope.in === 'nodes' && `${subject.scope.nodes}` === LIAR;
    default:
      return false;
  }
}

test.each([4, 5, 7, 12, 20])(
  'one false report in a quiet cluster of %i nodes accuses no other node',
  (count) => {
    let findings = 0;
    for (let seed = 0; seed < 300; seed++) {
      const found = verdict(withLies(count, new Random(seed)));
      findings += found.length;
      expect(found.filter((each) => !isAboutLiar(each)).map(({ headline }) => headline)).toEqual(
        [],
      );
    }
    expect(findings).toBeGreaterThan(300);
  },
);

test.each([
  { count: 8, kinds: Array(6).fill('path') },
  { count: 9, kinds: ['unclear', 'silent'] },
  { count: 10, kinds: ['unclear', 'silent'] },
  { count: 11, kinds: ['node_unreachable'] },
])(
  'of $count nodes one is down, and one claims to reach it: the findings are $kinds',
  ({ count, kinds }) => {
    const broken: Broken = {
      nodes: nodes(count),
      silent: { 'node-3': 'unreachable' },
      failing: { [`${LIAR} → node-3`]: 'ok' },
    };
    expect(verdict(smallView(broken)).map(({ kind }) => kind)).toEqual(kinds);
  },
);

test.each([
  { what: 'between zones', here: 10, zones: ['a', 'b'], kind: 'split' },
  { what: 'between zones', here: 9, zones: ['a', 'b'], kind: 'unclear' },
  { what: 'without zones', here: 10, zones: ['', ''], kind: 'node_unreachable' },
])(
  'a split $what, in which one of $here nodes claims to reach the others: $kind',
  ({ here, zones, kind }) => {
    const names = Array.from({ length: here + 4 }, (_, i) => [
      `node-${i + 1}`,
      zones[i < here ? 0 : 1] ?? '',
    ]);
    const lost = names.slice(here).map(([name]) => name);
    const broken: Broken = {
      nodes: Object.fromEntries(names),
      silent: Object.fromEntries(lost.map((name) => [name, 'unreachable'])),
      failing: Object.fromEntries(lost.map((name) => [`${LIAR} → ${name}`, 'ok'])),
    };
    expect(verdict(smallView(broken))[0]?.kind).toBe(kind);
  },
);

/** Paths to node-3 and from it, as `smallView()` names them. */
const PATHS = [1, 2, 4, 5, 6, 7, 8, 9, 10].flatMap((n) => [
  `node-${n} → node-3`,
  `node-3 → node-${n}`,
]);
const PATHS_TO = PATHS.filter((path) => path.endsWith('→ node-3'));

function valueFor(paths: readonly string[], value: number): Record<string, number> {
  return Object.fromEntries(paths.map((path) => [path, value]));
}

test.each<[what: string, isNode: boolean, kind: string, broken: Broken]>([
  [
    'seven of nine checks of it are slow',
    false,
    'slow',
    { slow: valueFor(PATHS_TO.slice(0, 7), 0.1) },
  ],
  [
    'eight of nine checks of it are slow',
    true,
    'slow',
    { slow: valueFor(PATHS_TO.slice(0, 8), 0.1) },
  ],
  ['ten of its 18 paths lose packets', false, 'loss', { again: valueFor(PATHS.slice(0, 10), 8) }],
  ['eleven of its 18 paths lose packets', true, 'loss', { again: valueFor(PATHS.slice(0, 11), 8) }],
])('a node is at fault if %s: %s', (_what, isNode, kind, broken) => {
  const findings = verdict(smallView({ nodes: nodes(10), ...broken }));
  expect(new Set(findings.map((each) => each.kind))).toEqual(new Set([kind]));
  expect(findings.some(({ subject }) => subject.type === 'node')).toBe(isNode);
});

test('of several reports of a node only the first counts, that of its better pod', () => {
  const view = smallView({ nodes: nodes(10) });
  const [own] = smallView({
    nodes: nodes(10),
    failing: { [`${LIAR} → node-3`]: 'refused', [`${LIAR} me_ingress`]: 'refused' },
  }).reports.filter(({ node }) => node === LIAR);
  const planted = Array.from({ length: 9 }, (_, i) => ({ ...own, pod: `planted-${i}` }) as Report);
  expect(verdict({ ...view, reports: [...view.reports, ...planted] })).toEqual([]);
});

const FALSE = {
  state: 'failing',
  since: NOW,
  lastAt: NOW,
  consecutive: 99,
  cause: 'hung',
  event: 'round_trip_error',
  text: 'a lie',
} as const;

/**
 * A quiet cluster of eight nodes. The reports of the first `liars` of them have these checks, which
 * fail by default.
 */
function withFalse(liars: number, lies: readonly Partial<CheckReport>[]): ClusterView {
  const { reports, ...view } = smallView({ nodes: nodes(8) });
  const types = new Set(lies.map(({ type }) => type));
  const changed = reports.map((report, index): Report => {
    const checks = report.checks.map((check) => ({ ...check, lastAt: NOW - 4 }));
    if (index >= liars) return { ...report, checks };
    const own = checks.filter(({ type }) => !types.has(type));
    const invented = lies.map((each) => ({ ...checks[0], ...FALSE, ...each }) as CheckReport);
    return { ...report, checks: [...own, ...invented] };
  });
  return { ...view, reports: changed };
}

test('failures that are reported to have just begun discount no success of the last interval', () => {
  const view = withFalse(2, [{ type: 'api_server_direct', kind: 'api_server_direct' }]);
  expect(verdict(view)).toMatchObject([
    { kind: 'api_server', severity: 'warning', witnesses: { agree: 2, of: 8 } },
  ]);
});

test.each<[what: string, lie: Partial<CheckReport>, zone: string]>([
  ['UDP to a node', { type: 'udp_node-8', kind: 'udp', node: 'node-8', since: NOW - 100 }, ''],
  ['a name server', { type: 'dns_10.0.0.1', kind: 'name_server' }, ''],
  ['an extra check', { type: 'invented', kind: 'extra' }, ''],
  ['an extra check in one zone', { type: 'invented', kind: 'extra' }, 'a'],
])(
  '%s, checked only by the two nodes that report its failure, fails on them, not everywhere',
  (_, lie, zone) => {
    const view = withFalse(2, [lie]);
    const zoned = view.reports.map((report) => ({ ...report, zone }));
    const expected = view.expected.map((pod) => ({ ...pod, zone }));
    const found = verdict({ ...view, expected, reports: zoned });
    expect(found).toMatchObject([
      {
        severity: 'warning',
        subject: { component: lie.type, scope: { in: 'nodes', nodes: ['node-1', 'node-2'] } },
        witnesses: { agree: 2, of: 2 },
      },
    ]);
    expect(found[0]?.details[0]).toBe(
      'It fails on 2 of the 2 nodes that check it, of 8 nodes that report.',
    );
  },
);

test('a zone is not at fault because of a check that most of its nodes do not have', () => {
  const view = withFalse(2, [{ type: 'invented', kind: 'extra' }]);
  const zoneOf = (node: string) => (Number(node.slice(5)) <= 6 ? 'a' : 'b');
  const reports = view.reports.map((report) => {
    const [like] = report.checks;
    const ok = like && { ...like, type: 'invented', kind: 'extra' as const };
    const checks = zoneOf(report.node) === 'b' && ok ? [...report.checks, ok] : report.checks;
    return { ...report, zone: zoneOf(report.node), checks };
  });
  const expected = view.expected.map((pod) => ({ ...pod, zone: zoneOf(pod.node) }));
  expect(verdict({ ...view, expected, reports })).toMatchObject([
    { severity: 'warning', subject: { scope: { in: 'nodes' } } },
  ]);
});

test('a check that most nodes already have in a rollout fails everywhere', () => {
  const view = withFalse(5, [{ type: 'invented', kind: 'extra' }]);
  expect(verdict(view)).toMatchObject([
    { severity: 'critical', subject: { scope: { in: 'cluster' } }, witnesses: { of: 5 } },
  ]);
});

/**
 * The view, with other checks in the reports of `liars`, made from their own. `like`: a path that
 * works.
 */
function changed(
  view: ClusterView,
  liars: readonly string[],
  change: (checks: readonly CheckReport[], like: CheckReport) => readonly CheckReport[],
): ClusterView {
  const reports = view.reports.map((report) => {
    const [like] = report.checks.filter(({ kind, state }) => kind === 'path' && state === 'ok');
    if (like === undefined || !liars.includes(report.node)) return report;
    return { ...report, checks: change(report.checks, like) };
  });
  return { ...view, reports };
}

/** Eight nodes without zones, with this broken. */
function eight(broken: Broken): ClusterView {
  const names = Array.from({ length: 8 }, (_, i) => `node-${i + 1}`);
  return smallView({ nodes: Object.fromEntries(names.map((name) => [name, ''])), ...broken });
}

const TO_NODE_3 = [1, 2, 4, 5, 6, 7, 8].map((n) => `node-${n} → node-3`);
const FROM_NODE_3 = [1, 2, 4, 5, 6, 7, 8].map((n) => `node-3 → node-${n}`);
const PATH_LOST = { ...FALSE, since: NOW - 600, cause: 'unreachable' } as const;

/** A hundred paths to nodes that are not in the cluster, with this latency. */
const toNoNodes =
  (medianSeconds: number) => (checks: readonly CheckReport[], like: CheckReport) => {
    const lastMinute = { ...like.lastMinute, medianSeconds };
    const invented = Array.from({ length: 100 }, (_, i) => `invented-${i}`);
    return [
      ...checks,
      ...invented.map((node) => ({ ...like, type: `path_${node}`, node, lastMinute })),
    ];
  };

test('nodes that are not in the cluster are not unreachable, whoever reports it', () => {
  const view = changed(eight({}), ['node-1', 'node-2', LIAR], (checks, like) => [
    ...checks,
    { ...like, ...PATH_LOST, type: 'path_invented', node: 'invented' },
  ]);
  expect(verdict(view)).toEqual([]);
  const withoutList = { ...view, podListError: 'no response' };
  expect(verdict(withoutList).map(({ kind }) => kind)).toContain('node_unreachable');
});

test('latencies to nodes that are not in the cluster do not count as usual', () => {
  const slow = eight({ slow: valueFor(TO_NODE_3, 0.2) });
  expect(verdict(changed(slow, [LIAR], toNoNodes(1)))).toEqual(verdict(slow));
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `* → node-${n}`);
  const far = eight({ slow: valueFor(names, 0.02) });
  expect(verdict(changed(far, [LIAR], toNoNodes(0)))).toEqual([]);
});

test.each([0, 2 ** 53 - 1])(
  'a huge number of segments, %d of them retransmitted, does not outweigh those of other paths',
  (segmentsRetransmitted) => {
    const view = changed(
      eight({ again: valueFor([...TO_NODE_3, ...FROM_NODE_3], 8) }),
      [LIAR],
      (checks) =>
        checks.map((check) => {
          const segments = { segmentsSent: 2 ** 53 - 1, segmentsRetransmitted };
          return check.node === 'node-3'
            ? { ...check, lastMinute: { ...check.lastMinute, ...segments } }
            : check;
        }),
    );
    expect(verdict(view)).toMatchObject([{ kind: 'loss', subject: { node: 'node-3' } }]);
  },
);

test('the zone of a silent node is the one that most report', () => {
  const view = eight({ silent: { 'node-6': 'unreachable', 'node-7': 'unreachable' } });
  const zoned = changed(view, ['node-8'], (checks) =>
    checks.map((check) => (check.state === 'failing' ? { ...check, zone: 'far' } : check)),
  );
  expect(verdict(zoned)).toEqual(verdict(view));
});

test.each([
  { liars: [LIAR], suspect: true },
  { liars: [LIAR], suspect: undefined },
  { liars: [LIAR, 'node-5'], suspect: true },
  { liars: [LIAR, 'node-5'], suspect: undefined },
])(
  'paths in the reports of $liars do not hide another one, suspect: $suspect',
  ({ liars, suspect }) => {
    const path = eight({ failing: { 'node-3 → node-4': 'unreachable' } });
    const view = changed(path, liars, (checks) =>
      checks.map((check) =>
        check.kind === 'path' && check.node !== 'node-1'
          ? { ...check, ...PATH_LOST, ...(suspect && { suspect }) }
          : check,
      ),
    );
    expect(verdict(view).map(({ headline }) => headline)).toEqual([
      'The path from node-3 to node-4 is broken: nothing responds.',
      ...liars.map((liar) => `${liar} does not reach 6 nodes, and others do.`),
    ]);
  },
);

test('look-ups that only one pod makes do not confirm those that fail by chance', () => {
  const names = [1, 3, 4, 5, 7].map((n) => `node-${n} api_server_dns`);
  const view = eight({
    silent: { 'node-6': 'unreachable' },
    failing: Object.fromEntries(names.map((name) => [name, 'dns'])),
    consecutive: 3,
  });
  const lies = changed(view, ['node-8'], (checks, like) => [
    ...checks,
    ...Array.from({ length: 100 }, (_, i) => ({
      ...{ ...like, ...FALSE, type: `invented-${i}` },
      ...{ kind: 'extra' as const, byName: true, cause: 'dns' as const },
    })),
  ]);
  const kinds = (of: ClusterView) => new Set(verdict(of).map(({ kind }) => kind));
  expect(kinds(view)).toEqual(new Set(['node_unreachable']));
  expect(kinds(lies)).toEqual(new Set(['node_unreachable', 'extra']));
});

test('a component that fails on most nodes is critical despite a false success', () => {
  const view = eight({
    failing: { '* api_server_direct': 'refused', [`${LIAR} api_server_direct`]: 'ok' },
  });
  expect(verdict(view)).toMatchObject([{ severity: 'critical', witnesses: { agree: 7, of: 8 } }]);
});

const RESET = Object.fromEntries([2, 3, 4, 5, 6, 7].map((n) => [`node-${n}`, 'reset' as const]));

test.each<[what: string, kind: string, broken: Broken]>([
  ['its checks of them fail', 'cut_off', { silent: { ...RESET, 'node-8': 'reset' } }],
  [
    'a check of one of them succeeds',
    'mostly_silent',
    { silent: { ...RESET, 'node-8': 'reset' }, failing: { 'node-1 → node-8': 'ok' } },
  ],
  [
    'one responds with something else',
    'mostly_silent',
    { silent: { ...RESET, 'node-8': 'status' } },
  ],
])(
  'a pod that gets no report, because others reset its requests, reports nothing but that: %s',
  (_, kind, broken) => {
    expect(verdict(eight(broken)).map((each) => each.kind)).toEqual([kind]);
  },
);

test('a suspect that responds is no evidence that a pod without reports reaches others', () => {
  const silent = { ...RESET, 'node-8': 'reset' } as const;
  const reached = eight({ silent, failing: { 'node-1 → node-8': 'ok' } });
  const view = changed(reached, ['node-1'], (checks) =>
    checks.map((check) => (check.node === 'node-8' ? { ...check, suspect: true } : check)),
  );
  expect(verdict(view).map(({ kind }) => kind)).toEqual(['cut_off']);
});
