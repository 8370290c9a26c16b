import type { Cause } from '../model.ts';
import type { Evidence, Observation, PathCheck } from './evidence.ts';

/** How improbable a run of failures must be, over all that could have one, not to be chance. */
export const CHANCE = 1e-7;

/** Seconds until a pod whose program does not respond is unready, and out of all services. */
const NOTICED = 120;

/** Dead nodes, or a dead side of the cluster, that services still send connections to. */
export type DeadEndpoints = Readonly<{
  /** Share of the pods that are affected. */
  share: number;
  causes: ReadonlySet<Cause | null>;
}>;

/** How many failures in a row are not chance, if each has this probability. */
export function chanceRun(probability: number, among: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return Number.POSITIVE_INFINITY;
  return Math.ceil(Math.log(CHANCE / Math.max(1, among)) / Math.log(probability));
}

/**
 * Whether Kubernetes has removed the pod from the services by now. A node that cannot be reached
 * may still report to the API server: then it never does.
 */
export function isNoticed(cause: Cause | null, since: number | null, now: number): boolean {
  return cause !== 'unreachable' && since !== null && now - since > NOTICED;
}

/** Seconds until it is known whether a node or a split is why paths have begun to fail. */
const SETTLED = 20;

/** What each node just stopped reaching, by its checks: its service connections may go there. */
export function justLost({ paths, reports, silent }: Evidence): (node: string) => DeadEndpoints {
  const isRecent = ({ from, check }: PathCheck) =>
    (reports.get(from)?.reportedAt ?? 0) - (check.since ?? 0) < SETTLED;
  // Computed only if a check of the service fails.
  let all: Map<string, PathCheck[]> | undefined;
  const known = new Map<string, DeadEndpoints>();
  const lostBy = (node: string): DeadEndpoints => {
    all ??= Map.groupBy(paths, ({ from }) => from);
    const own = all.get(node) ?? [];
    const failing = own.filter((path) => path.check.state === 'failing' && isRecent(path));
    // A single path fails by chance now and then.
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
 * Whether a failing check of the service, or of the ingress in front of it, may have hit dead
 * endpoints by chance: then the service is not at fault.
 */
export function mayBeChance({ check }: Observation, dead: DeadEndpoints, pods: number): boolean {
  const isSameCause = check.kind === 'me_ingress' || dead.causes.has(check.cause);
  return isSameCause && check.consecutive < chanceRun(dead.share, pods);
}
