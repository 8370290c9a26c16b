import type { Cause } from '../model.ts';
import type { Evidence, Observation, PathCheck } from './evidence.ts';

/** How improbable a run of failures has to be, over all that could have one, before it is no chance. */
export const CHANCE = 1e-7;

/** Seconds after which a pod whose program does not respond is no longer ready, and out of all services. */
const NOTICED = 120;

/** What is wrong with a node or a side of the cluster that services still send connections to. */
export type DeadEndpoints = Readonly<{
  /** How many of the pods are concerned. */
  share: number;
  causes: ReadonlySet<Cause | null>;
}>;

/** Failures in a row from which on they are no chance, where each fails with this probability. */
export function chanceRun(probability: number, among: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return Number.POSITIVE_INFINITY;
  return Math.ceil(Math.log(CHANCE / Math.max(1, among)) / Math.log(probability));
}

/**
 * Whether Kubernetes has taken the pod out of the services by now. A node that cannot be reached may still report to the
 * API server: then it never does.
 */
export function isNoticed(cause: Cause | null, since: number | null, now: number): boolean {
  return cause !== 'unreachable' && since !== null && now - since > NOTICED;
}

/** Seconds within which it is known of paths that begin to fail whether a node or a split is the reason. */
const SETTLED = 20;

/** What each node has just ceased to reach, by its own checks: its connections to services may be to that. */
export function justLost({ paths, reports, silent }: Evidence): (node: string) => DeadEndpoints {
  const isRecent = ({ from, check }: PathCheck) =>
    (reports.get(from)?.reportedAt ?? 0) - (check.since ?? 0) < SETTLED;
  // Only where a check of the service fails.
  let all: Map<string, PathCheck[]> | undefined;
  const known = new Map<string, DeadEndpoints>();
  const lostBy = (node: string): DeadEndpoints => {
    all ??= Map.groupBy(paths, ({ from }) => from);
    const own = all.get(node) ?? [];
    const failing = own.filter((path) => path.check.state === 'failing' && isRecent(path));
    // One alone fails by chance now and then.
    const lost = failing.length > 1 ? failing : failing.filter(({ to }) => silent.has(to));
    return {
      share: lost.length / Math.max(1, own.length),
      causes: new Set(lost.map(({ check }) => check.cause)),
    };
  };
  return (node) => {
    const found = known.get(node) ?? lostBy(node);
    known.set(node, found);
    return found;
  };
}

/**
 * Whether a failing check of the service, or of the ingress before it, may have met dead endpoints by chance: then it is
 * no fault of the service.
 */
export function mayBeChance({ check }: Observation, dead: DeadEndpoints, pods: number): boolean {
  const isSameCause = check.kind === 'me_ingress' || dead.causes.has(check.cause);
  return isSameCause && check.consecutive < chanceRun(dead.share, pods);
}
