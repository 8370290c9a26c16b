import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { type CountedFailure, FailureWatch } from '../../../lab/kubernetes/failure-watch.ts';
import type { Monitoring } from '../../../lab/kubernetes/monitoring.ts';
import { untilAllIsWell } from '../../../lab/kubernetes/probes.ts';
import { until } from '../../../lab/support/until.ts';
import { FirstSeen, findingsOf } from './first-seen.ts';
import { NAMESPACE } from './installed.ts';

const WELL_LIMIT_MS = 60_000;
/** Alerts look back one minute, and Prometheus evaluates twice a minute. */
const RESOLVED_LIMIT_MS = 120_000;
/** Up to six times as long, after the outage has lasted. */
const SHOWN_LIMIT_MS = 10_000;
const PERIOD_MS = 1_000;
/** They depend on how busy the machine is on which the cluster runs. */
const BUSY = ['slow', 'starved', 'loss'];

/** Something that happens to a cluster of three nodes, and what its probes must find. */
export type Outage = Readonly<{
  /** What happens, as a heading. */
  name: string;
  begin: (cluster: KubernetesCluster) => Promise<void>;
  /** Heals it. */
  end: (cluster: KubernetesCluster) => Promise<void>;
  /**
   * What must fail on the node of this name, by check: events and causes, all of which are counted.
   */
  shows?: (node: string) => Readonly<Record<string, string>>;
  /** Checks that may also fail on the node of this name. */
  mayFail?: (node: string) => readonly string[];
  /** Findings of `/cluster.json` that must be there; any others must be of the kinds `mayFind`. */
  verdict?: readonly string[];
  mayFind?: readonly string[];
  /** The alert that must fire, if there is a Prometheus. */
  alert?: string;
  /** Its minimum duration, in milliseconds. */
  lastsMs?: number;
}>;

/** What was seen. Times are in seconds since the outage began, for `healed` since it was ended. */
export type Seen = Readonly<{
  name: string;
  /** `path_node-3 connect_done unreachable on 2`, when it was counted on the last of the nodes. */
  shown: readonly string[];
  /** As `shown`, for checks that may fail by chance. */
  alsoShown: readonly string[];
  verdict: readonly string[];
  alerts: readonly string[];
  healed: number;
  /** Until the outage's alert no longer fired; undefined if none is expected. */
  resolved: number | undefined;
  falseAlarms: readonly string[];
}>;

/** Plays it. Rejects if what must show does not, or does not heal. */
export async function play(
  cluster: KubernetesCluster,
  monitoring: Monitoring | undefined,
  outage: Outage,
): Promise<Seen> {
  const count = cluster.nodes.length;
  await untilAllIsWell(cluster, NAMESPACE, count, WELL_LIMIT_MS);
  await until(
    'no alert fires',
    RESOLVED_LIMIT_MS,
    async () => (await firing(monitoring)).length === 0,
    PERIOD_MS,
  );
  await using watch = await FailureWatch.start(cluster, NAMESPACE);
  const began = Date.now();
  await outage.begin(cluster);
  let verdict: FirstSeen;
  let alerts: FirstSeen;
  try {
    [verdict, alerts] = await observe(cluster, monitoring, outage, watch, began);
  } finally {
    await outage.end(cluster);
  }
  const ended = Date.now();
  await until('every check has recovered', WELL_LIMIT_MS, () => watch.isWell(count, ended));
  const healed = seconds(ended, Date.now());
  await untilAllIsWell(cluster, NAMESPACE, count, WELL_LIMIT_MS);
  const { alert } = outage;
  if (alert && monitoring) {
    await until(
      `${alert} is resolved`,
      RESOLVED_LIMIT_MS,
      async () => !(await firing(monitoring)).includes(alert),
      PERIOD_MS,
    );
  }
  const resolved = alert && monitoring ? seconds(ended, Date.now()) : undefined;
  const isExpected = ({ node, check }: CountedFailure) => outage.shows?.(node)[check] !== undefined;
  const mayFail = ({ node, check }: CountedFailure) => outage.mayFail?.(node).includes(check);
  const others = watch.failures.filter((failure) => !isExpected(failure));
  const after = ({ since }: CountedFailure) => seconds(began, since);
  return {
    name: outage.name,
    shown: grouped(watch.failures.filter(isExpected), began),
    alsoShown: grouped(others.filter(mayFail), began),
    verdict: verdict.all.filter((text) => !isBusy(text) || outage.mayFind?.includes(kindOf(text))),
    alerts: alerts.all,
    healed,
    resolved,
    falseAlarms: others
      .filter((failure) => !mayFail(failure))
      .map((each) => `${each.node} ${each.check} ${each.what} ${each.count}, ${after(each)} s`),
  };
}

/** Observes it until it has lasted, and everything that must be seen has been seen. */
async function observe(
  cluster: KubernetesCluster,
  monitoring: Monitoring | undefined,
  { name, lastsMs = 0, alert, ...outage }: Outage,
  watch: FailureWatch,
  began: number,
): Promise<[FirstSeen, FirstSeen]> {
  const [verdict, alerts] = [new FirstSeen(began), new FirstSeen(began)];
  const expected = cluster.nodes.flatMap(({ name: node }) =>
    Object.entries(outage.shows?.(node) ?? {}).flatMap(([check, all]) =>
      all.split(' ').map((what) => ({ node, check, what })),
    ),
  );
  const missing = () => [
    ...expected
      .filter(({ node, check, what }) => !watch.failures.some(isOf(node, check, what)))
      .map(({ node, check, what }) => `${node} ${check} ${what}`),
    ...(outage.verdict ?? []).filter((finding) => !verdict.has(finding)),
    ...(alert && monitoring && !alerts.has(alert) ? [alert] : []),
  ];
  const look = async () => {
    await sleep(PERIOD_MS);
    for (const finding of await findingsOf(watch.listed, began)) verdict.note(finding);
    for (const each of await firing(monitoring)) alerts.note(each);
  };
  while (Date.now() < began + lastsMs) await look();
  await until(
    `${name} has been seen`,
    SHOWN_LIMIT_MS,
    async () => {
      await look();
      return missing().length === 0;
    },
    0,
  ).catch((error) => {
    const found = [...verdict.all, ...alerts.all, ...grouped(watch.failures, began)].join('; ');
    throw new Error(`${error.message}; missing: ${missing().join('; ')}; seen: ${found}`, {
      cause: error,
    });
  });
  return [verdict, alerts];
}

/** Without those of the error budget, which also reflect earlier outages. */
async function firing(monitoring: Monitoring | undefined): Promise<string[]> {
  const alerts = (await monitoring?.alerts()) ?? [];
  return alerts
    .filter(({ name, isFiring }) => isFiring && !name.startsWith('KubenurseErrorBudgetBurn'))
    .map(({ name }) => name);
}

/** Compares what was seen with what must be seen. */
export function expectSeen(seen: Seen, { verdict = [], mayFind = [] }: Outage): void {
  expect(seen.falseAlarms).toEqual([]);
  const findings = seen.verdict.map((text) => text.replace(/, \d+ s$/, ''));
  expect(findings.filter((finding) => !mayFind.includes(kindOf(finding))).toSorted()).toEqual(
    verdict.toSorted(),
  );
}

function isBusy(finding: string): boolean {
  return BUSY.includes(kindOf(finding));
}

function kindOf(finding: string): string {
  return finding.split(' ', 1).join();
}

function isOf(node: string, check: string, what: string) {
  const names = what.split('|');
  return (failure: CountedFailure) =>
    failure.node === node && failure.check === check && names.includes(failure.what);
}

/** `path_node-3 connect_done unreachable on 2, 12 s`. */
function grouped(failures: readonly CountedFailure[], began: number): string[] {
  const checks = Map.groupBy(failures, ({ check }) => check);
  return [...checks].map(([check, all]) => {
    const names = [...new Set(all.map(({ what }) => what))].join(' ');
    const nodes = new Set(all.map(({ node }) => node));
    const last = Math.max(
      ...[...nodes].map((node) =>
        Math.min(...all.filter((each) => each.node === node).map(({ since }) => since)),
      ),
    );
    return `${check} ${names} on ${nodes.size}, ${seconds(began, last)} s`;
  });
}

function seconds(from: number, to: number): number {
  return Math.max(0, Math.round((to - from) / 1_000));
}
