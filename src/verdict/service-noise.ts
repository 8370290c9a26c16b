import type { Cause } from '../model.ts';
import type { Observation } from './evidence.ts';

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

/**
 * Whether a failing check of the service, or of the ingress before it, may have met dead endpoints by chance: then it is
 * no fault of the service.
 */
export function mayBeChance({ check }: Observation, dead: DeadEndpoints, pods: number): boolean {
  const isSameCause = check.kind === 'me_ingress' || dead.causes.has(check.cause);
  return isSameCause && check.consecutive < chanceRun(dead.share, pods);
}
