import type { PodList } from '../neighbours/pod-list.ts';
import type { ClusterView, ExpectedPod, Report } from '../verdict/report.ts';
import { verdictSteps } from '../verdict/verdict.ts';
import { type Collected, Collection, type FetchFrom, type Timeouts } from './collection.ts';
import { KeptTexts } from './kept-texts.ts';
import { KnownNames } from './known-names.ts';
import type { Cluster, Collect } from './model.ts';
import type { Turn } from './pace.ts';
import type { Kept } from './read-report.ts';
import { runSteps } from './run-steps.ts';

/**
 * Milliseconds. A collection ends in time for its page: the server closes a connection whose
 * response takes 15 s. `kept`: how long a collection is reused.
 */
const TIMEOUTS = { request: 2_000, long: 1_000, collection: 13_000, kept: 5_000 };

/**
 * Maximum checks kept from all reports together, at 400 bytes each; at least 20 from each report.
 * With the usual ten neighbours, a report has 14.
 */
const MAX_CHECKS = 50_000;
const MIN_CHECKS_PER_REPORT = 20;

/** Maximum checks whose last hour is kept, at 6 KB each. */
const MAX_HOURS = 2_000;

export type Others = Readonly<{ list: () => PodList; fetch: FetchFrom }>;

const NO_LIST: PodList = { pods: [], cordoned: [], listedAt: null, error: null };

export type CollectOptions = Readonly<{
  /** What this pod knows. */
  ownReport: () => Report;
  /** The other pods, and how to fetch from them; undefined if neighbours are not followed. */
  others: Others | undefined;
  /** Aborts all requests. */
  signal: AbortSignal;
  /** Resolves when there is time for work of this many milliseconds. */
  turn: Turn;
  timeouts?: Timeouts & Readonly<{ kept: number }>;
}>;

/**
 * Collects on request, one collection at a time, each kept for 5 s for all callers; see `Collect`.
 */
export function createCollect(options: CollectOptions): Collect {
  const { kept } = options.timeouts ?? TIMEOUTS;
  let current: Promise<Cluster> | undefined;
  return () => {
    current ??= collectOnce(options).finally(() => {
      setTimeout(() => {
        current = undefined;
      }, kept).unref();
    });
    return current;
  };
}

async function collectOnce(options: CollectOptions): Promise<Cluster> {
  const now = Date.now() / 1000;
  const own = options.ownReport();
  const list = options.others?.list() ?? NO_LIST;
  const collected = options.others ? await collectFrom(list, own, options.others, options) : [];
  const view: ClusterView = {
    now,
    collector: namesOf(own),
    expected: [own, ...list.pods].map((pod) => ({ ...namesOf(pod), zone: pod.zone })),
    podListAt: list.listedAt,
    podListError: list.error,
    cordoned: list.cordoned,
    reports: [own, ...collected.flatMap((each) => ('report' in each ? each.report : []))],
    silent: collected.flatMap((each) => ('silent' in each ? each.silent : [])),
  };
  return { view, findings: await runSteps(verdictSteps(view), options.turn) };
}

function collectFrom(
  { pods, cordoned }: PodList,
  own: Report,
  { fetch }: Others,
  { timeouts = TIMEOUTS, signal, turn }: CollectOptions,
): Promise<Collected[]> {
  const nodes = [own.node, ...pods.map(({ node }) => node), ...cordoned];
  const kept = keptOf(pods.length + 1, new KnownNames(nodes, own));
  return new Collection(pods, own, { fetch, timeouts, kept, turn }).run(signal);
}

function namesOf({ pod, node }: ExpectedPod) {
  return { pod, node };
}

function keptOf(pods: number, names: KnownNames): Kept {
  let hours = 0;
  return {
    checks: Math.max(MIN_CHECKS_PER_REPORT, Math.floor(MAX_CHECKS / pods)),
    names,
    texts: new KeptTexts(),
    takeHour: () => ++hours <= MAX_HOURS,
  };
}
