import type { Parts } from '../parts/parts.ts';
import { SELDOM_MS, until } from '../support/until.ts';
import type { Cluster } from './cluster.ts';
import { type Counts, countsOf, failureCountsOf, growth, LogReader } from './findings.ts';
import type { ClusterNode } from './node.ts';

/**
 * Which checks fail, with which event and which cause: `connect_done refused`. Either can have
 * alternatives: `hung|mtu`.
 */
export type Failures = Readonly<Record<string, string>>;

/**
 * The verdict in `/cluster.json` of any node (verdicts.ts), and of the broken node if that is the
 * last word: `node_unreachable node-3`, `service cluster`, several separated by ` + `, empty if
 * nothing is wrong. A kind can have alternatives: `node_unreachable|loss node-3`. By the node's
 * name if the nodes' verdicts differ.
 */
export type Verdict = string | Readonly<Record<string, string>>;

/** Something that happens to a cluster, and what its probes must find. */
export type Scenario<P extends Parts = Parts> = Readonly<{
  /** What happens, as a heading: `node-3:down`, `the API server is restarted`. */
  name: string;
  begin: (cluster: Cluster<P>) => Promise<void>;
  /** Repairs it; absent if it passes by itself. */
  end?: (cluster: Cluster<P>) => Promise<void>;
  /** What must fail on the node of this name; nothing by default. */
  shows?: (node: string) => Failures;
  /** Checks that may fail as well on the node of this name, in any way. */
  mayFail?: (node: string) => readonly string[];
  /** What `/cluster.json` shows; no finding by default. */
  verdict?: Verdict;
  /** Nodes that report nothing while it lasts. */
  mute?: readonly string[];
  /** Its minimum duration, in milliseconds. */
  lastsMs?: number;
  /** What must hold while it lasts, once it shows; rejects if it does not. */
  meanwhile?: (cluster: Cluster<P>) => Promise<void>;
  /** How long it may take to heal, in milliseconds; by default as long as it may take to show. */
  healsMs?: number;
}>;

/** What was seen of a scenario. Times are in seconds; undefined if nothing had to show. */
export type Finding = Readonly<{
  name: string;
  /** Check and event, and on how many nodes. */
  shown: readonly string[];
  /** Until the last of these checks failed on the last of these nodes. */
  secondsToShow: number | undefined;
  /** Until the last of them recovered. */
  secondsToHeal: number | undefined;
  /** Failures of checks that should not have failed: node, check, event. */
  falseAlarms: readonly string[];
}>;

/** Timeout of a check (the contract's 6 s), and the second for which it waits for news. */
const CHECK_MS = 7_000;
/** Scheduling, start of programs, and what a noisy machine adds. */
const SPARE_MS = 15_000;
/**
 * Number of failures from which the verdict believes a check. A collection made too early is kept
 * for 5 s.
 */
const CONFIRMED = 2;
/** A check in flight when something begins or ends may fail in another phase. */
const EDGES = 2;

/** Runs one scenario. Rejects if what must show does not, or does not heal. */
export async function play<P extends Parts>(
  cluster: Cluster<P>,
  scenario: Scenario<P>,
  intervalMs: number,
): Promise<Finding> {
  const { name, begin, end, lastsMs = 0 } = scenario;
  const limitMs = 2 * intervalMs + CHECK_MS + SPARE_MS;
  await allIsWell(cluster, limitMs);
  const before = await everyCount(cluster.nodes);
  using log = new LogReader(cluster.nodes);

  await begin(cluster);
  const began = Date.now();
  const nodes = cluster.nodes.filter((node) => !scenario.mute?.includes(node.name));
  const expected = nodes.map((node) => ({ node, shows: scenario.shows?.(node.name) ?? {} }));
  await until(`${name} has lasted`, lastsMs + limitMs, () => Date.now() >= began + lastsMs);
  const times = scenario.verdict ? CONFIRMED : 1;
  await untilShown(name, expected, before, times, limitMs).catch((error) => {
    throw new Error(`${error.message}\n${lastLines(nodes)}`, { cause: error });
  });
  if (expected.every(({ shows }) => Object.keys(shows).length === 0)) {
    await threeRounds(nodes, limitMs);
  }
  await scenario.meanwhile?.(cluster);
  const joined = await everyCount(cluster.nodes.filter((node) => !before.has(node.name)));

  const ends = Date.now();
  await end?.(cluster);
  const healing = end ? Date.now() : ends;
  const { healsMs = limitMs } = scenario;
  await until(`${name} has healed`, healsMs, () =>
    expected.every(({ node }) => log.failing(node.name).size === 0),
  );
  await allIsWell(cluster, healsMs);
  if (scenario.mayFail !== undefined) {
    // A check that started while packets were lost fails when all others have recovered.
    const ended = healing + CHECK_MS;
    await until('checks in flight have ended', CHECK_MS + SPARE_MS, () => Date.now() >= ended);
  }

  const after = await everyCount(cluster.nodes);
  const grown = [...before].map(([node, counts]): [string, Counts] => [
    node,
    growth(counts, after.get(node) ?? {}),
  ]);
  const timesOf = (kind: 'fails' | 'is over') =>
    log.transitions.filter((each) => each.kind === kind).map(({ time }) => time);
  const isExpected = expected.some(({ shows }) => Object.keys(shows).length > 0);
  const firstFailures = new Map(
    log.transitions
      .filter(({ node, type, kind }) => kind === 'fails' && scenario.shows?.(node)[type])
      .toReversed()
      .map(({ node, type, time }) => [`${node} ${type}`, time]),
  );
  return {
    name,
    shown: shownOf(expected),
    secondsToShow: isExpected ? seconds(began, [...firstFailures.values()]) : undefined,
    secondsToHeal: isExpected ? seconds(healing, timesOf('is over')) : undefined,
    falseAlarms: [
      ...[...grown, ...joined].flatMap(([node, counts]) => unexpected(node, counts, scenario)),
      // Including programs that have ended since, of which no count is left.
      ...log.transitions
        .filter(({ node, type, kind }) => kind === 'fails' && !isAllowed(scenario, node, type))
        .map(({ node, type, event, error }) => `${node} ${type} ${event} (logged: ${error})`),
    ],
  };
}

/**
 * Resolves once every check of every node is ok, and every node has all others that count as
 * neighbours.
 */
export async function allIsWell(cluster: Cluster, limitMs: number): Promise<void> {
  let last = '';
  await until(
    'every check of every node is ok',
    limitMs,
    async () => {
      const running = cluster.nodes.filter(
        ({ name, ended }) => ended === undefined && cluster.faults.get(name) !== 'suspended',
      );
      const responses = await Promise.all(running.map((node) => node.alive()));
      const wrong = responses.flatMap(({ status, body }, i) => {
        const others = cluster.nodes.filter((node) => node !== running[i] && node.isNeighbour);
        const { neighbourhood, last_check_result } = JSON.parse(body);
        return status === 200 && neighbourhood.length === others.length
          ? []
          : `${running[i]?.name} ${status} ${neighbourhood.length}/${others.length} ${JSON.stringify(last_check_result)}`;
      });
      last = wrong.join('\n');
      return wrong.length === 0;
    },
    SELDOM_MS,
  ).catch((error) => {
    throw new Error(`${error.message}\n${last}`, { cause: error });
  });
}

/** The last lines of each program's log. */
function lastLines(nodes: readonly ClusterNode[]): string {
  return nodes.map(({ name, log }) => [name, ...log.all.slice(-10)].join('\n')).join('\n');
}

type Expected = readonly Readonly<{ node: ClusterNode; shows: Failures }>[];

async function untilShown(
  name: string,
  expected: Expected,
  before: ReadonlyMap<string, Counts>,
  times: number,
  limitMs: number,
): Promise<void> {
  const seeing = expected.filter(({ shows }) => Object.keys(shows).length > 0);
  let missing: string[] = [];
  await until(
    `${name} shows`,
    limitMs,
    async () => {
      const counts = await everyCount(seeing.map(({ node }) => node));
      missing = seeing.flatMap(({ node, shows }) => {
        const grown = growth(before.get(node.name) ?? {}, counts.get(node.name) ?? {});
        return Object.entries(shows)
          .filter(([type, what]) => !isShown(grown[type] ?? {}, what, times))
          .map(([type, what]) => `${node.name} ${type} ${what}, but ${JSON.stringify(grown)}`);
      });
      return missing.length === 0;
    },
    SELDOM_MS,
  ).catch((error) => {
    throw new Error(`${error.message}; missing: ${missing.join('; ')}`, { cause: error });
  });
}

/** Resolves once every node has checked its Service three more times, and so run three rounds. */
async function threeRounds(nodes: readonly ClusterNode[], limitMs: number): Promise<void> {
  const checksOf = (node: ClusterNode) =>
    countsOf(node, 'kubenurse_httpclient_requests_total').then((counts) =>
      Object.values(counts.me_service ?? {}).reduce((sum, count) => sum + count, 0),
    );
  await Promise.all(
    nodes.map(async (node) => {
      const start = await checksOf(node);
      await until(
        `${node.name} has gone through three more rounds`,
        limitMs,
        async () => {
          return (await checksOf(node)) >= start + 3;
        },
        SELDOM_MS,
      );
    }),
  );
}

async function everyCount(nodes: readonly ClusterNode[]): Promise<Map<string, Counts>> {
  const running = nodes.filter(({ ended }) => ended === undefined);
  return new Map(
    await Promise.all(
      running.map(
        async (node): Promise<[string, Counts]> => [node.name, await failureCountsOf(node)],
      ),
    ),
  );
}

function unexpected(node: string, counts: Counts, scenario: Scenario<never>): string[] {
  const shows = scenario.shows?.(node) ?? {};
  return Object.entries(counts).flatMap(([type, events]) =>
    Object.entries(events)
      .filter(([event, count]) => {
        const what = shows[type];
        if (what !== undefined) return !what.split(/[ |]/).includes(event) && count > EDGES;
        return !isAllowed(scenario, node, type);
      })
      .map(([event, count]) => `${node} ${type} ${event} (${count})`),
  );
}

/** Whether both the event and the cause have been counted this many times. */
function isShown(grown: Counts[string], what: string, times: number): boolean {
  return what
    .split(' ')
    .every((alternatives) => alternatives.split('|').some((name) => (grown[name] ?? 0) >= times));
}

function isAllowed(scenario: Scenario<never>, node: string, type: string): boolean {
  const mayFail = scenario.mayFail?.(node) ?? [];
  return scenario.shows?.(node)[type] !== undefined || mayFail.includes(type);
}

function shownOf(expected: Expected): string[] {
  const pairs = expected.flatMap(({ shows }) =>
    Object.entries(shows).map(([type, event]) => `${type} ${event}`),
  );
  return [...Map.groupBy(pairs, (pair) => pair)].map(
    ([pair, nodes]) => `${pair} on ${nodes.length}`,
  );
}

function seconds(from: number, times: readonly number[]): number {
  return Math.max(0, Math.round((Math.max(from, ...times) - from) / 100) / 10);
}
