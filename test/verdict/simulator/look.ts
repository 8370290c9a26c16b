import type { Cause } from '../../../src/model.ts';
import type { CheckReport, ClusterView, Report } from '../../../src/verdict/report.ts';
import type { SimulatedCluster, SimulatedNode } from './cluster.ts';
import {
  type Broken,
  type Component,
  componentFailure,
  connection,
  nameServerFailure,
} from './faults.ts';
import { latencyOf, lossOf } from './quality.ts';
import { Random } from './random.ts';
import { INTERVAL, type Known, knownOf, YOUNG } from './rounds.ts';

/** Checks fail at random with this probability. */
const NOISE = 0.002;

/** The share of segments that the network always loses. */
const USUAL_LOSS = 0.0005;

/** Age from which a fault shows in the median of the last minute, in seconds. */
const MEDIAN_SHOWS = YOUNG;
const CHECKS_A_MINUTE = 60 / INTERVAL;
const SEGMENTS_A_CHECK = 7;

export const NOW = 1_795_867_200;

const COMPONENTS: readonly Component[] = [
  'api_server_direct',
  'api_server_dns',
  'me_ingress',
  'me_service',
  'shop',
];

/** Everything that makes up a case. */
export type Case = Readonly<{
  seed: number;
  cluster: SimulatedCluster;
  faults: readonly Broken[];
  collector: string;
  /**
   * Nodes with a pod of the cluster's DNS, behind one Service; [] if look-ups fail only by a DNS
   * fault.
   */
  dnsNodes?: readonly string[];
}>;

/** What the collecting pod sees of the cluster. */
export function look({ seed, cluster, faults, collector, dnsNodes = [] }: Case): ClusterView {
  const random = new Random(seed ^ 0x5eed);
  const reports: Report[] = [];
  const silent: ClusterView['silent'][number][] = [];
  for (const node of cluster.nodes) {
    // Drawn for each node, so that two views with the same seed differ only by their faults.
    const own = new Random(random.below(2 ** 31));
    const failure = node.name === collector ? undefined : connection(faults, collector, node.name);
    if (failure === undefined) reports.push(report(cluster, faults, node, own, dnsNodes));
    else {
      const [cause] = failure;
      silent.push({ pod: node.pod, node: node.name, cause, text: `fetching: ${cause}` });
    }
  }
  const api = componentFailure(faults, collector, 'api_server_direct');
  return {
    now: NOW,
    collector: { node: collector, pod: cluster.byName.get(collector)?.pod ?? '' },
    expected: cluster.nodes.map(({ name, pod, zone }) => ({ node: name, pod, zone })),
    podListAt: api === undefined ? NOW - 1 : NOW - api[1].age,
    podListError: api === undefined ? null : 'watching pods: no response within 10 s',
    cordoned: [],
    reports,
    silent,
  };
}

function report(
  cluster: SimulatedCluster,
  faults: readonly Broken[],
  node: SimulatedNode,
  random: Random,
  dnsNodes: readonly string[],
): Report {
  const { name, pod, zone } = node;
  const skew = random.between(-300, 300);
  const make = new CheckMaker(random, faults, name, NOW + skew);
  const paths = (cluster.neighbours.get(name) ?? []).map((to) =>
    make.path(to, cluster.byName.get(to)?.zone ?? ''),
  );
  const dead = (faults.some(leavesEndpoint) ? cluster.nodes : []).flatMap((each) => {
    const failure = deadEndpoint(faults, name, each.name);
    return failure === undefined ? [] : [failure];
  });
  const [first] = dead;
  const endpoints = {
    share: dead.length / cluster.nodes.length,
    cause: first?.[0] ?? 'other',
    checks: Math.floor((first?.[1].age ?? 0) / INTERVAL),
  };
  const lost = dnsNodes.flatMap((to) => {
    const failure = deadEndpoint(faults, name, to);
    return failure === undefined ? [] : [failure[1].age];
  });
  const lookUps = {
    share: lost.length / Math.max(1, dnsNodes.length),
    checks: Math.floor(Math.max(0, ...lost) / INTERVAL),
  };
  const starved = faults.some((fault) => fault.kind === 'starved' && fault.node === name);
  return {
    schema: 1,
    pod,
    node: name,
    zone,
    version: '0.1.0',
    startedAt: NOW + skew - 86_400,
    reportedAt: NOW + skew,
    checkIntervalSeconds: INTERVAL,
    checks: [
      ...COMPONENTS.map((component) => make.component(component, endpoints, lookUps)),
      ...cluster.nameServers.flatMap((server) => [
        make.nameServer(server, 'dns_'),
        make.nameServer(server, 'dns_tcp_'),
      ]),
      ...paths,
      ...suspects(cluster, faults, name, random, make),
    ],
    eventLoopDelaySeconds: starved ? random.between(0.02, 0.3) : random.between(0.0001, 0.002),
    neighbourhood: { state: 'ok', listedAt: NOW + skew - 1 },
  };
}

/** The maximum that a pod has at once. */
const MAX_SUSPECTS = 10;

/**
 * The paths beyond the fixed ones that rotating checks, one per round, have found to fail, or that
 * failed once by chance.
 */
function suspects(
  { nodes, neighbours }: SimulatedCluster,
  faults: readonly Broken[],
  from: string,
  random: Random,
  make: CheckMaker,
): CheckReport[] {
  const fixed = new Set(neighbours.get(from)).add(from);
  const cycle = (nodes.length - 1) * INTERVAL;
  const lost = new Set(random.hits(nodes.length, NOISE));
  const found: CheckReport[] = [];
  for (const [index, { name: to, zone }] of nodes.entries()) {
    if (fixed.has(to)) continue;
    const age = faults.length > 0 ? (connection(faults, from, to)?.[1].age ?? 0) : 0;
    const checkedFor = age > 0 ? age - random.between(0, cycle) : 0;
    if (checkedFor <= 0 && !lost.has(index)) continue;
    found.push(make.path(to, zone, Math.max(0, checkedFor)));
    if (found.length === MAX_SUSPECTS) break;
  }
  return found.map((check) => ({ ...check, suspect: true }));
}

/**
 * Pods to which a service still sends connections in vain: their share, why the connections fail,
 * and for how many checks.
 */
type DeadEndpoints = Readonly<{ share: number; cause: Cause; checks: number }>;

/**
 * Why a connection that the service sends to this pod fails: Kubernetes removes the pods of a dead
 * node after 40 s, and does not notice a split.
 */
function deadEndpoint(
  faults: readonly Broken[],
  from: string,
  to: string,
): [Cause, Broken] | undefined {
  const failure = connection(faults, from, to);
  return failure && leavesEndpoint(failure[1]) ? failure : undefined;
}

function leavesEndpoint({ kind, age }: Broken): boolean {
  return kind === 'split' || (kind === 'gone' && age < 45);
}

/** Look-ups that reach a DNS pod in vain: their share, and for how many checks. */
type LostLookUps = Readonly<{ share: number; checks: number }>;

/** How many checks back the results are known. */
const HISTORY = 60;

/** Makes a node's checks. */
class CheckMaker {
  readonly #random: Random;
  readonly #faults: readonly Broken[];
  /** Those that the median of the last minute shows. */
  readonly #lasting: readonly Broken[];
  readonly #node: string;
  /** By the pod's clock. */
  readonly #now: number;
  /** When the node's rounds begin, in seconds of the interval. */
  readonly #phase: number;

  constructor(random: Random, faults: readonly Broken[], node: string, now: number) {
    this.#random = random;
    this.#phase = random.fork().between(0, INTERVAL);
    this.#faults = faults;
    this.#lasting = faults.filter(({ age }) => age >= MEDIAN_SHOWS);
    this.#node = node;
    this.#now = now;
  }

  /** `checkedFor`: how long it has been checked, in seconds. */
  path(to: string, zone: string, checkedFor = Infinity): CheckReport {
    const random = new Random(this.#random.below(2 ** 31));
    const broken = connection(this.#faults, this.#node, to);
    const failure: typeof broken = broken && [
      broken[0],
      { ...broken[1], age: Math.min(broken[1].age, checkedFor) },
    ];
    const loss = lossOf(this.#lasting, this.#node, to);
    const check = this.#check(random, `path_${to}`, failure, {
      // A lost SYN or request is retransmitted well within the timeout: few checks fail.
      noise: NOISE + loss ** 3,
      loss: loss + USUAL_LOSS,
      latency: latencyOf(this.#lasting, this.#node, to, random),
    });
    return { ...check, kind: 'path', node: to, zone, byName: false };
  }

  component(component: Component, dead: DeadEndpoints, lookUps: LostLookUps): CheckReport {
    const random = new Random(this.#random.below(2 ** 31));
    const failure = componentFailure(this.#faults, this.#node, component);
    // The ingress reports by a status that its backend is dead.
    const chance = component === 'me_service' ? dead.cause : 'status';
    const lostLookUps = component === 'api_server_direct' ? 0 : lookUps.share;
    const isBalanced = component === 'me_service' || component === 'me_ingress';
    const check = this.#check(random, component, failure, {
      noise:
        NOISE +
        lostLookUps +
        (isBalanced ? dead.share : 0) +
        lossOf(this.#lasting, this.#node, '') ** 3,
      loss: lossOf(this.#lasting, this.#node, '') + USUAL_LOSS,
      latency: latencyOf(this.#lasting, this.#node, component, random),
      ...(isBalanced && dead.share > 0 && { chance, chanceChecks: dead.checks }),
      ...(lostLookUps > 0 && { chance: 'dns', chanceChecks: lookUps.checks }),
    });
    const kind = component === 'shop' ? 'extra' : component;
    return { ...check, kind, byName: component !== 'api_server_direct' };
  }

  nameServer(server: string, prefix: 'dns_' | 'dns_tcp_'): CheckReport {
    const random = new Random(this.#random.below(2 ** 31));
    const type = `${prefix}${server}`;
    const failure = nameServerFailure(this.#faults, this.#node, server, prefix === 'dns_tcp_');
    const loss = lossOf(this.#lasting, this.#node, '');
    const check = this.#check(random, type, failure, {
      noise: NOISE + loss ** 3,
      loss: 0,
      latency: latencyOf(this.#lasting, this.#node, type, random),
      chance: 'dns',
    });
    const event = check.state === 'ok' ? null : 'dns_timeout';
    return { ...check, kind: 'name_server', byName: false, event };
  }

  #known(failure: [Cause, Broken] | undefined): Known {
    const [cause, { age }] = failure ?? ['other', { age: 0 }];
    if (age > 0 && age < YOUNG) return knownOf(age, this.#phase, cause);
    return { failures: Math.floor(age / INTERVAL), lastAge: this.#phase };
  }

  #check(
    random: Random,
    type: string,
    failure: [Cause, Broken] | undefined,
    {
      noise,
      loss,
      latency,
      chance = 'unreachable',
      chanceChecks = HISTORY,
    }: Readonly<{
      noise: number;
      loss: number;
      latency: number;
      chance?: Cause;
      chanceChecks?: number;
    }>,
  ): Omit<CheckReport, 'kind' | 'byName'> {
    // Failures by their age in checks; before the fault, and without one, they are chance.
    const { failures: broken, lastAge } = this.#known(failure);
    const lost = new Set(random.hits(Math.min(chanceChecks, HISTORY), noise));
    for (const index of random.hits(HISTORY, NOISE)) lost.add(index);
    const isFailing = (index: number) => index < broken || lost.has(index);
    const isOk = !isFailing(0);
    let consecutive = 1;
    while (consecutive < HISTORY && isFailing(consecutive) !== isOk) consecutive++;
    consecutive = Math.max(consecutive, broken);
    const recent = Array.from({ length: CHECKS_A_MINUTE }, (_, index) => isFailing(index));
    const failures = recent.filter(Boolean).length;
    const cause = isOk ? null : (failure?.[0] ?? chance);
    const sent = (CHECKS_A_MINUTE - failures) * SEGMENTS_A_CHECK;
    return {
      type,
      state: isOk ? 'ok' : 'failing',
      since: this.#now - lastAge - (consecutive - 1) * INTERVAL,
      lastAt: this.#now - lastAge,
      consecutive,
      cause,
      event: isOk ? null : 'connect_done',
      text: isOk ? null : `${type}: ${cause}`,
      lastMinute: {
        checks: CHECKS_A_MINUTE,
        failures,
        medianSeconds: failures === CHECKS_A_MINUTE ? null : latency,
        rttSeconds: failures === CHECKS_A_MINUTE ? null : latency / 3,
        segmentsSent: sent,
        segmentsRetransmitted: random.hits(sent, loss).length,
      },
    };
  }
}
