import type { Cause } from '../../src/model.ts';
import type { CheckReport, ClusterView, Report } from '../../src/verdict/report.ts';

export const NOW = 1_795_867_200;

const COMPONENTS = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'] as const;

/** What is wrong in a small cluster in which every node checks every other. */
export type Broken = Readonly<{
  /** Names of nodes, and their zones. */
  nodes?: Readonly<Record<string, string>>;
  collector?: string;
  /**
   * `a → b` or `a api_server_direct`, `*` for every node: why it fails, or `ok` even if the node is
   * silent.
   */
  failing?: Readonly<Record<string, Cause | 'ok'>>;
  /**
   * Nodes without a report, and why. Checks of them fail with the same cause, unless `failing`
   * overrides it.
   */
  silent?: Readonly<Record<string, Cause>>;
  /** Nodes are checked over UDP, too; `a ⇢ b`: why it fails. */
  udp?: Readonly<Record<string, Cause>>;
  /** Addresses of name servers that are checked; the keys of `failing` are `a dns_10.0.0.1`. */
  nameServers?: readonly string[];
  /** Extra checks; the keys of `failing` are `a shop`. */
  extras?: readonly string[];
  /** The same keys: seconds. */
  slow?: Readonly<Record<string, number>>;
  /** The same keys: segments retransmitted, of 84. */
  again?: Readonly<Record<string, number>>;
  /**
   * The number of failures in a row, and with it when the first of them was: an interval of 5 s
   * each.
   */
  consecutive?: number;
  starved?: readonly string[];
  cordoned?: readonly string[];
  podListError?: string;
}>;

const THREE = { 'node-1': '', 'node-2': '', 'node-3': '' };

/** A view of the cluster: everything works except what is named. */
export function smallView(broken: Broken): ClusterView {
  const { nodes = THREE, collector = 'node-1', silent = {}, cordoned = [] } = broken;
  const { podListError = null } = broken;
  const all = Object.entries(nodes).map(([node, zone]) => ({ node, zone, pod: `pod-of-${node}` }));
  return {
    now: NOW,
    collector: { node: collector, pod: `pod-of-${collector}` },
    expected: all,
    podListAt: NOW - (podListError === null ? 1 : 3_600),
    podListError,
    cordoned,
    reports: all.filter(({ node }) => !(node in silent)).map((pod) => report(pod, broken)),
    silent: all
      .filter(({ node }) => node in silent)
      .map(({ node, pod }) => ({ node, pod, cause: silent[node] ?? 'other', text: 'no report' })),
  };
}

function report(
  { node, zone, pod }: { node: string; zone: string; pod: string },
  broken: Broken,
): Report {
  const { nodes = THREE, silent = {}, cordoned = [], starved = [] } = broken;
  const others = Object.entries(nodes).filter(
    ([other]) => other !== node && !cordoned.includes(other),
  );
  return {
    schema: 1,
    pod,
    node,
    zone,
    version: '0.1.0',
    startedAt: NOW - 86_400,
    reportedAt: NOW,
    checkIntervalSeconds: 5,
    checks: [
      ...COMPONENTS.map((kind) => ({
        ...check(node, kind, broken, undefined),
        type: kind,
        kind,
        byName: kind !== 'api_server_direct',
      })),
      ...others.map(([to, zone]) => ({
        ...check(node, `→ ${to}`, broken, silent[to]),
        type: `path_${to}`,
        kind: 'path' as const,
        node: to,
        zone,
        byName: false,
      })),
      ...(broken.extras ?? []).map((type) => ({
        ...check(node, type, broken, undefined),
        ...{ type, kind: 'extra' as const, byName: true },
      })),
      ...(broken.nameServers ?? [])
        .flatMap((address) => [`dns_${address}`, `dns_tcp_${address}`])
        .map((type) => nameServerCheck(node, type, broken)),
      ...(broken.udp === undefined ? [] : others).map(([to, zone]) => ({
        ...check(node, `⇢ ${to}`, { ...broken, failing: broken.udp ?? {} }, silent[to]),
        type: `udp_${to}`,
        kind: 'udp' as const,
        node: to,
        zone,
        byName: false,
      })),
    ],
    eventLoopDelaySeconds: starved.includes(node) ? 0.12 : 0.001,
    neighbourhood: { state: 'ok', listedAt: NOW - 1 },
  };
}

function nameServerCheck(node: string, type: string, broken: Broken): CheckReport {
  const { event, ...known } = check(node, type, broken, undefined);
  return {
    ...{ ...known, type, kind: 'name_server', byName: false },
    event: event === null ? null : 'dns_timeout',
  };
}

function check(
  node: string,
  what: string,
  { failing, slow, again, consecutive = 12 }: Broken,
  otherwise: Cause | undefined,
): Omit<CheckReport, 'type' | 'kind' | 'byName'> {
  const of = <T>(values: Readonly<Record<string, T>> | undefined): T | undefined =>
    values?.[`${node} ${what}`] ?? values?.[`* ${what}`];
  const outcome = of(failing) ?? otherwise ?? 'ok';
  const cause = outcome === 'ok' ? undefined : outcome;
  const failures = cause === undefined ? 0 : Math.min(12, consecutive);
  return {
    state: cause === undefined ? 'ok' : 'failing',
    since: NOW - (cause === undefined ? 3_600 : consecutive * 5),
    consecutive: cause === undefined ? 720 : consecutive,
    cause: cause ?? null,
    event: cause === undefined ? null : 'connect_done',
    text: cause === undefined ? null : `the text of ${cause}`,
    lastMinute: {
      checks: 12,
      failures,
      medianSeconds: failures === 12 ? null : (of(slow) ?? 0.001),
      rttSeconds: null,
      segmentsSent: 84,
      segmentsRetransmitted: of(again) ?? 0,
    },
  };
}

/** Five nodes and their zones. */
export const FIVE = { 'node-1': 'a', 'node-2': 'a', 'node-3': 'a', 'node-4': 'b', 'node-5': 'b' };

/** Each path from one of these nodes to one of those fails for this cause. */
export function between(
  from: readonly number[],
  to: readonly number[],
  cause: Cause = 'unreachable',
): Record<string, Cause> {
  return Object.fromEntries(
    from.flatMap((a) => to.map((b) => [`node-${a} → node-${b}`, cause] as const)),
  );
}

/** Ten paths fail, and no node, zone or split explains them. */
export const NO_PATTERN: Broken = {
  nodes: FIVE,
  failing: {
    ...between([1], [2, 3]),
    ...between([2], [3, 4]),
    ...between([3], [4, 5]),
    ...between([4], [5, 1]),
    ...between([5], [1, 2]),
  },
};
