import { type CheckState, type CheckStates, outageOf } from './check-states.ts';
import { Canceller, deadline } from './deadline.ts';
import type { Check, Outcome, Recorder } from './model.ts';

/** Timeout of a check, in milliseconds (the contract's 6 s). */
const CHECK_TIMEOUT_MS = 6_000;

/** The share of the interval over which a round may spread its starts. */
const MAX_STRETCH = 0.5;

/**
 * Rounds skip a check that a refresh has started while its result is fresh, for at most this share
 * of the interval.
 */
const MAX_REFRESHED = 0.6;

/**
 * Other work waits at most this long for a round, in milliseconds: a round of a thousand checks, or
 * of many that hang, takes longer.
 */
const USUAL_ROUND_MS = 250;

/**
 * Maximum attempts of one check in flight: one that hangs takes longer than an interval, and must
 * not delay the next.
 */
const MAX_IN_FLIGHT = 2;

export type ScheduleOptions = Readonly<{
  /**
   * The current checks; their keys are distinct. `round`: the number of the next round, the same
   * for all pods whose clocks are right.
   */
  checks: (round: number) => readonly Check[];
  recorders: readonly Recorder[];
  /** Where the checks' states are kept. */
  states: CheckStates;
  /** Milliseconds. */
  interval: number;
  /**
   * Offset of the rounds in the interval, from 0 to 1, by wall-clock time, so that pods do not
   * probe in lockstep.
   */
  phaseOffset: number;
  /**
   * Awaited before each round: an idle process is slow at first, which would inflate the first
   * measurement (measured: 0.2 ms of 0.7). Never rejects, and has its own timeout.
   */
  warmUp?: () => Promise<unknown>;
}>;

/**
 * Runs each check once per interval, in quick succession, and reports the results to the recorders.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stop = new Canceller();
  #starts: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** When the last round started and when the next one does, by `performance.now()`. */
  #lastRoundAt = -Infinity;
  #lastRound: Promise<void> = Promise.resolve();
  #nextRoundAt = Infinity;
  /** While checks are started one after another: until when other requests must wait for them. */
  #checkingUntil = -Infinity;
  /**
   * Counted, not derived from the clock at the start of each round: a late round would skip a
   * number.
   */
  #round = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Starts the rounds, the first within one interval. */
  start(): void {
    const { interval, phaseOffset } = this.#options;
    const now = Date.now();
    const untilFirst = (phaseOffset * interval - (now % interval) + interval) % interval;
    this.#round = Math.round((now + untilFirst) / interval - phaseOffset);
    this.#roundAt(performance.now() + untilFirst);
  }

  /**
   * Runs every check, except rotating ones, whose last result is older than `maxAge` milliseconds,
   * and waits for those in flight.
   */
  async refresh(maxAge: number): Promise<void> {
    const since = performance.now() - maxAge;
    const spared = Math.min(maxAge, this.#options.interval * MAX_REFRESHED);
    const due = this.#current().filter(
      ({ check, lastResultAt }) => check.role !== 'rotating' && lastResultAt < since,
    );
    await this.#startAll(due, (state) => {
      if (state.lastResultAt >= since || state.unrecorded > 0) return false;
      state.refreshedUntil = performance.now() + spared;
      return true;
    });
    await Promise.all(due.map(({ recorded }) => recorded));
    // Some may have been removed meanwhile.
    this.#current();
  }

  /**
   * Resolves when there is time between two rounds for other work of this many milliseconds, which
   * would otherwise delay the next checks.
   */
  async betweenRounds(milliseconds: number): Promise<void> {
    const untilNext = this.#nextRoundAt - performance.now();
    if (untilNext < milliseconds) await sleep(Math.max(0, untilNext));
    const untilUsual = this.#lastRoundAt + USUAL_ROUND_MS - performance.now();
    if (untilUsual > 0) await Promise.race([this.#lastRound, sleep(untilUsual)]);
  }

  /**
   * Whether work that can wait must wait for running checks: for as long as a round usually takes,
   * at most.
   */
  isChecking(): boolean {
    return performance.now() < this.#checkingUntil;
  }

  /** Ends the rounds. Checks in flight are aborted and not recorded. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('kubenurse is shutting down'));
  }

  #roundAt(time: number): void {
    this.#nextRoundAt = time;
    this.#timer = setTimeout(() => {
      this.#lastRoundAt = performance.now();
      this.#lastRound = this.#runRound(time);
    }, time - performance.now());
  }

  /** Resolves when the last check is started. `time`: when the round was due. */
  async #runRound(time: number): Promise<void> {
    await this.#options.warmUp?.();
    if (this.#stop.aborted) return;
    const starts = this.#startAll(
      this.#current(),
      ({ inFlight, refreshedUntil }) =>
        inFlight < MAX_IN_FLIGHT && performance.now() >= refreshedUntil,
    );
    const { interval } = this.#options;
    // Rounds that were missed while the process was suspended are skipped.
    const passed = 1 + Math.floor(Math.max(0, performance.now() - time) / interval);
    this.#round += passed;
    this.#roundAt(time + passed * interval);
    await starts;
  }

  /** The states of the current checks; reports added and removed checks to the recorders first. */
  #current(): CheckState[] {
    const { states, recorders, checks } = this.#options;
    const { states: current, added, removed } = states.update(checks(this.#round));
    for (const state of removed) {
      for (const recorder of recorders) recorder.removed?.(state.check, outageOf(state));
    }
    for (const { check } of added) for (const recorder of recorders) recorder.added?.(check);
    return current;
  }

  /**
   * Starts the checks in order, slow ones last, after those of an earlier call. Resolves when the
   * last is started.
   */
  #startAll(states: readonly CheckState[], isDue: (state: CheckState) => boolean): Promise<void> {
    const most = (this.#options.interval * MAX_STRETCH) / states.length;
    this.#starts = this.#starts.then(async () => {
      const begin = performance.now();
      this.#checkingUntil = begin + USUAL_ROUND_MS;
      for (const [index, state] of slowLast(states).entries()) {
        if (this.#stop.aborted) return;
        if (!isDue(state)) continue;
        const attempt = this.#attempt(state);
        // Relative to the start of the round: with a thousand checks, the share of each is shorter
        // than any timer.
        const left = begin + (index + 1) * most - performance.now();
        if (left <= 0) continue;
        state.isSlow = !(await settlesWithin(attempt, Math.min(state.check.pacing, left)));
      }
      this.#checkingUntil = -Infinity;
    });
    return this.#starts;
  }

  /**
   * Resolves when the attempt has ended; its result is recorded after those of earlier attempts.
   */
  #attempt(state: CheckState): Promise<Outcome | undefined> {
    const { check, recorded: before } = state;
    const since = performance.now();
    state.inFlight++;
    state.unrecorded++;
    const attempt = this.#probe(check).finally(() => state.inFlight--);
    const record = async () => {
      const outcome = await attempt;
      const isFalseAlarm =
        outcome?.kind === 'failed' &&
        !this.#stop.aborted &&
        (await check.isFalseAlarm?.(since)) === true;
      await before;
      state.unrecorded--;
      const { states, recorders } = this.#options;
      if (this.#stop.aborted || !states.has(state)) return;
      state.lastResultAt = performance.now();
      if (isFalseAlarm || outcome === undefined) return;
      const result = states.record(state, outcome, check);
      for (const recorder of recorders) recorder.record(result);
    };
    state.recorded = record();
    return attempt;
  }

  /**
   * Undefined if the outcome says nothing about the path because the process was suspended
   * meanwhile: the latency is not the network's, and the peer may have given up (a Node server
   * responds with 408 after 10 s).
   */
  async #probe({ probe, target }: Check): Promise<Outcome | undefined> {
    using limit = deadline(this.#stop, CHECK_TIMEOUT_MS);
    const outcome = await probe(target, limit.signal);
    return limit.isExtended() && !limit.signal.aborted ? undefined : outcome;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function slowLast(states: readonly CheckState[]): CheckState[] {
  const { quick = [], slow = [] } = Object.groupBy(states, ({ isSlow }) =>
    isSlow ? 'slow' : 'quick',
  );
  return [...quick, ...slow];
}

/**
 * Whether the promise settles within this many milliseconds. Resolves only once the work that it
 * leaves for the event loop is done: closing its connection would otherwise add to the next check's
 * latency (measured: a sixth of it).
 */
function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    // Not `then` with two functions: a rejection is a bug, and must surface.
    promise.finally(() => {
      clearTimeout(timer);
      setImmediate(() => resolve(true));
    });
  });
}
