import { CheckHistory } from './check-history.ts';
import type { CertificateExpiry, Check, Outcome, Result, Streak } from './model.ts';

/** The state of one check. Times in milliseconds of `performance.now()`. */
export type CheckState = {
  /** The current one: the pod behind a path may change. */
  check: Check;
  /** Undefined before the first result. */
  streak: Streak | undefined;
  readonly history: CheckHistory;
  /** Those of the last server that sent any; undefined before. */
  certificates: CertificateExpiry | undefined;
  /** When its series expire; `Infinity` for a current check. */
  keptUntil: number;
  /** When the last result arrived, recorded or not. */
  lastResultAt: number;
  /** Rounds skip it until then, because a refresh has started it. */
  refreshedUntil: number;
  /** Whether the last attempt took longer than the round waits for it. */
  isSlow: boolean;
  inFlight: number;
  /** Attempts whose results are not recorded yet. */
  unrecorded: number;
  /** Settles when all attempts so far are recorded, in the order of their starts. */
  recorded: Promise<void>;
};

const SUSPECT = 'kubenurse_neighbour_suspect';

/** Gauges, which would keep showing the last result of a removed check. */
const LAST_RESULTS = [
  SUSPECT,
  'kubenurse_check_success',
  'kubenurse_udp_jitter_seconds',
  'kubenurse_certificate_not_after_seconds',
];

/** The states of current checks and, for some time, of removed ones. */
export class CheckStates {
  readonly #retention: number;
  /** By the checks' keys. */
  readonly #states = new Map<string, CheckState>();
  /** For each type, the state that is kept longest: several checks may share a type. */
  #byType = new Map<string, CheckState>();

  /** `retention`: how long the series of a check outlive it, in milliseconds. */
  constructor(retention: number) {
    this.#retention = retention;
  }

  /**
   * Replaces the current checks; returns their states in the same order, and the added and removed
   * ones.
   */
  update(checks: readonly Check[]): {
    states: CheckState[];
    added: CheckState[];
    removed: CheckState[];
  } {
    const keys = new Set(checks.map(({ key }) => key));
    const removed = this.#made().filter(({ check }) => !keys.has(check.key));
    const now = performance.now();
    for (const state of removed) state.keptUntil = now + this.#retention;
    for (const [key, { keptUntil }] of this.#states) if (keptUntil <= now) this.#states.delete(key);

    const added: CheckState[] = [];
    const states = checks.map((check) => {
      const known = this.#states.get(check.key);
      if (known !== undefined && isMade(known)) {
        known.check = check;
        return known;
      }
      const state = newState(check);
      added.push(state);
      this.#states.set(check.key, state);
      return state;
    });
    this.#byType = longestKeptByType(this.#states.values());
    return { states, added, removed };
  }

  /** Whether this is the state of a current check. */
  has(state: CheckState): boolean {
    return isMade(state) && this.#states.get(state.check.key) === state;
  }

  /**
   * Stores the outcome as the last one. Returns the result with the outage that it belongs to or
   * ends. Stores nothing for a rotating check: its result has the check that was `attempted`, whose
   * target is not the current one.
   */
  record(state: CheckState, outcome: Outcome, attempted: Check = state.check): Result {
    if (attempted.role === 'rotating') return { check: attempted, outcome };
    const { check, streak: before } = state;
    const now = performance.now();
    state.history.add(outcome);
    state.certificates = outcome.certificates ?? state.certificates;
    if (before !== undefined && isFailure(before.outcome) === isFailure(outcome)) {
      before.lastAt = now;
      before.results += 1;
      before.outcome = outcome;
      return { check, outcome, outage: outageOf(state) };
    }
    const outage = outageOf(state);
    state.streak = { since: now, lastAt: now, results: 1, outcome };
    return { check, outcome, outage: outage ?? outageOf(state) };
  }

  /** The states of the current checks, without rotating ones, whose results it does not store. */
  current(): CheckState[] {
    return this.#made().filter(({ check }) => check.role !== 'rotating');
  }

  #made(): CheckState[] {
    return [...this.#states.values()].filter(isMade);
  }

  /**
   * Whether to remove a series with these attributes. Metrics without a `type` are always kept;
   * info series only while pod, IP and zone still match.
   */
  readonly isStale = (attributes: Readonly<Record<string, unknown>>, metric = ''): boolean => {
    const { type, pod, pod_ip: podIP, zone } = attributes;
    if (typeof type !== 'string') return false;
    const state = this.#byType.get(type);
    if (state === undefined) return true;
    // A suspect may become a fixed neighbour.
    if (metric === SUSPECT && state.check.role !== 'suspect') return true;
    if (LAST_RESULTS.includes(metric)) return !isMade(state);
    if (pod === undefined) return state.keptUntil <= performance.now();
    const { neighbour } = state.check.target;
    const isSame =
      neighbour?.podName === pod && neighbour?.podIP === podIP && neighbour?.zone === zone;
    return !isSame || !isMade(state);
  };
}

/** The current failures of a check, if it is failing. */
export function outageOf({ streak }: Pick<CheckState, 'streak'>): Streak | undefined {
  return streak !== undefined && isFailure(streak.outcome) ? streak : undefined;
}

function isFailure({ kind }: Outcome): boolean {
  return kind !== 'ok';
}

function longestKeptByType(states: Iterable<CheckState>): Map<string, CheckState> {
  const byType = new Map<string, CheckState>();
  for (const state of states) {
    const { type } = state.check;
    if (state.keptUntil > (byType.get(type)?.keptUntil ?? -Infinity)) byType.set(type, state);
  }
  return byType;
}

function isMade({ keptUntil }: CheckState): boolean {
  return keptUntil === Infinity;
}

function newState(check: Check): CheckState {
  return {
    check,
    streak: undefined,
    history: new CheckHistory(),
    certificates: undefined,
    keptUntil: Infinity,
    lastResultAt: -Infinity,
    refreshedUntil: -Infinity,
    isSlow: false,
    inFlight: 0,
    unrecorded: 0,
    recorded: Promise.resolve(),
  };
}
