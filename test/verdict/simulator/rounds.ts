import type { Cause } from '../../../src/model.ts';

/** Seconds between a node's checks. */
export const INTERVAL = 5;

/**
 * Younger faults show check by check: on some nodes the first failing check is still in progress.
 */
export const YOUNG = 20;

/** Seconds until a check fails, by cause; at once for any other. */
const TIMEOUTS: Partial<Readonly<Record<Cause, number>>> = {
  unreachable: 5,
  dns: 5,
  packets_lost: 5,
  mtu: 6,
  hung: 6,
};

/** What a node knows about a failing check. */
export type Known = Readonly<{
  /** How many results are failures. */
  failures: number;
  /** The age of the last result, in seconds. */
  lastAge: number;
}>;

/**
 * `age`: of the fault, in seconds. `phase`: seconds from its start to the node's next round, less
 * than an interval.
 */
export function knownOf(age: number, phase: number, cause: Cause): Known {
  const sinceFirst = age - phase - (TIMEOUTS[cause] ?? 0);
  if (sinceFirst >= 0) {
    return { failures: Math.floor(sinceFirst / INTERVAL) + 1, lastAge: sinceFirst % INTERVAL };
  }
  // The last success was before the fault.
  return { failures: 0, lastAge: age - phase + INTERVAL };
}
