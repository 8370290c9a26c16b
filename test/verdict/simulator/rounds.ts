import type { Cause } from '../../../src/model.ts';

/** Seconds between a node's checks. */
export const INTERVAL = 5;

/** Faults that are younger show check by check: of some nodes the first check that fails is still under way. */
export const YOUNG = 20;

/** Seconds until a check fails, by cause; at once for any other. */
const TIMEOUTS: Partial<Readonly<Record<Cause, number>>> = {
  unreachable: 5,
  dns: 5,
  packets_lost: 5,
  mtu: 6,
  hung: 6,
};

/** What a node knows of a check that has been failing for so long. */
export type Known = Readonly<{
  /** How many results are failures. */
  failures: number;
  /** How old the last result is, in seconds. */
  lastAge: number;
}>;

/** `age`: of the fault, in seconds. `phase`: seconds from its begin to the node's next round, less than an interval. */
export function knownOf(age: number, phase: number, cause: Cause): Known {
  const sinceFirst = age - phase - (TIMEOUTS[cause] ?? 0);
  if (sinceFirst >= 0) {
    return { failures: Math.floor(sinceFirst / INTERVAL) + 1, lastAge: sinceFirst % INTERVAL };
  }
  // The last success was before the fault.
  return { failures: 0, lastAge: age - phase + INTERVAL };
}
