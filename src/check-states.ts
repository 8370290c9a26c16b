import { type Check, type Outage, type Outcome, type Result, resultText } from './model.ts';

/** The state of one check. Times in milliseconds of `performance.now()`. */
export type CheckState = {
  /** The current one: the pod behind a path may change. */
  check: Check;
  lastOutcome: Outcome | undefined;
  outage: Outage | undefined;
  /** Until when its series are kept; `Infinity` for a current check. */
  keptUntil: number;
  /** When the last result came, recorded or not. */
  lastResultAt: number;
  /** Until when rounds skip it, because a refresh has started it. */
  refreshedUntil: number;
  /** Whether the last attempt took longer than the round waits for it. */
  isSlow: boolean;
  inFlight: number;
  /** Attempts whose results are not recorded yet. */
  unrecorded: number;
  /** Settles when all attempts so far are recorded, in the order of their starts. */
  recorded: Promise<void>;
};

/** A gauge, which would keep showing the last result of a removed check. */
const LAST_RESULT = 'kubenurse_check_success';

/** The state of each current check, and for some time of removed ones. */
export class CheckStates {
  readonly #retention: number;
  /** By the checks' types. */
  readonly #states = new Map<string, CheckState>();

  /** `retention`: how long the series of a check outlive it, in milliseconds. */
  constructor(retention: number) {
    this.#retention = retention;
  }

  /** Replaces the current checks; returns their states in the same order, and the added and removed ones. */
  update(checks: readonly Check[]): {
    states: CheckState[];
    added: CheckState[];
    removed: CheckState[];
  } {
    const types = new Set(checks.map(({ type }) => type));
    const removed = this.#current().filter(({ check }) => !types.has(check.type));
    const now = performance.now();
    for (const state of removed) state.keptUntil = now + this.#retention;
    for (const [type, { keptUntil }] of this.#states)
      if (keptUntil <= now) this.#states.delete(type);

    const added: CheckState[] = [];
    const states = checks.map((check) => {
      const known = this.#states.get(check.type);
      if (known !== undefined && isMade(known)) {
        known.check = check;
        return known;
      }
      const state = newState(check);
      added.push(state);
      this.#states.set(check.type, state);
      return state;
    });
    return { states, added, removed };
  }

  /** Whether this is the state of a current check. */
  has(state: CheckState): boolean {
    return isMade(state) && this.#states.get(state.check.type) === state;
  }

  /** Stores the outcome as the last one; the result has the outage that it belongs to or ends. */
  record(state: CheckState, outcome: Outcome): Result {
    const { check, outage } = state;
    state.lastOutcome = outcome;
    if (outcome.kind === 'ok') {
      state.outage = undefined;
      return { check, outcome, outage };
    }
    state.outage = outage ?? { since: performance.now(), failures: 0, outcome };
    state.outage.failures += 1;
    state.outage.outcome = outcome;
    return { check, outcome, outage: state.outage };
  }

  /** The last result of each current check, as text: `ok`, a status line or an error's text. */
  get texts(): Map<string, string> {
    return new Map(
      this.#current().map(({ check, lastOutcome }) => [
        check.type,
        lastOutcome === undefined ? 'no result yet' : resultText(lastOutcome),
      ]),
    );
  }

  /** Each current check that is failing. */
  get failing(): { type: string; outage: Outage }[] {
    return this.#current().flatMap(({ check: { type }, outage }) =>
      outage === undefined ? [] : [{ type, outage }],
    );
  }

  /**
   * Whether a series with these attributes is to be removed. Metrics without a `type` are always kept; info series only
   * while pod, IP and zone still match.
   */
  readonly isStale = (attributes: Readonly<Record<string, unknown>>, metric = ''): boolean => {
    const { type, pod, pod_ip: podIP, zone } = attributes;
    if (typeof type !== 'string') return false;
    const state = this.#states.get(type);
    if (state === undefined) return true;
    if (metric === LAST_RESULT) return !isMade(state);
    if (pod === undefined) return state.keptUntil <= performance.now();
    const { neighbour } = state.check.target;
    const isSame =
      neighbour?.podName === pod && neighbour?.podIP === podIP && neighbour?.zone === zone;
    return !isSame || !isMade(state);
  };

  #current(): CheckState[] {
    return [...this.#states.values()].filter(isMade);
  }
}

function isMade({ keptUntil }: CheckState): boolean {
  return keptUntil === Infinity;
}

function newState(check: Check): CheckState {
  return {
    check,
    lastOutcome: undefined,
    outage: undefined,
    keptUntil: Infinity,
    lastResultAt: -Infinity,
    refreshedUntil: -Infinity,
    isSlow: false,
    inFlight: 0,
    unrecorded: 0,
    recorded: Promise.resolve(),
  };
}
