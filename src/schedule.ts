import type { CheckState, CheckStates } from './check-states.ts';
import { deadline } from './deadline.ts';
import type { Check, Outcome, Recorder } from './model.ts';

/** How long a check may take in all, in milliseconds (the contract's 6 s). */
const CHECK_TIMEOUT_MS = 6_000;

/**
 * How long the next check of a round waits for the one before, in milliseconds. Checks beside each other measure our
 * own queue, and TLS computes the longer (measured: p99 is half of that of a burst). One that hangs is waited for by
 * nobody, and from then on asked last, so that it moves no other.
 */
const PACING_MS = { plain: 5, tls: 25 };

/** The share of the interval that a round's starts may be stretched over. */
const MAX_STRETCH = 0.5;

/** A check that a refresh has begun is left out of rounds for as long as it is fresh, but for no longer than this share of the interval. */
const MAX_REFRESHED = 0.6;

/** How many attempts of one check may be in flight: one that hangs takes longer than an interval, and the next is to be in time. */
const MAX_IN_FLIGHT = 2;

export type ScheduleOptions = Readonly<{
  /** The checks of the moment; their types are distinct. */
  checks: () => readonly Check[];
  recorders: readonly Recorder[];
  /** Where the checks' states are kept. */
  states: CheckStates;
  /** Milliseconds. */
  interval: number;
  /** Where in the interval our rounds begin, from 0 to 1, by the clock that all nodes share: so that the fleet does not fire together. */
  phaseOffset: number;
  /**
   * Awaited before each round: a process that has slept since the last one is slow for a while, and the first check would
   * pay for it (measured: 0.2 ms of 0.7). Never rejects, and has a limit of its own.
   */
  warmUp?: () => Promise<unknown>;
}>;

/** Makes each check once in every interval, one soon after another, and tells the recorders. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();
  #starts: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Begins the rounds, the first within one interval. */
  start(): void {
    const { interval, phaseOffset } = this.#options;
    const untilFirst = (phaseOffset * interval - (Date.now() % interval) + interval) % interval;
    this.#roundAt(performance.now() + untilFirst);
  }

  /** Makes every check whose last result is older than `maxAge` milliseconds, and waits for those in flight. */
  async refresh(maxAge: number): Promise<void> {
    const since = performance.now() - maxAge;
    const spared = Math.min(maxAge, this.#options.interval * MAX_REFRESHED);
    const due = this.#current().filter(({ lastResultAt }) => lastResultAt < since);
    await this.#startAll(due, (state) => {
      if (state.lastResultAt >= since || state.unrecorded > 0) return false;
      state.refreshedUntil = performance.now() + spared;
      return true;
    });
    await Promise.all(due.map(({ recorded }) => recorded));
    // Some may have left meanwhile.
    this.#current();
  }

  /** Ends the rounds. What is in flight is broken off, and recorded nowhere. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stop.abort(new Error('kubenurse is shutting down'));
  }

  #roundAt(time: number): void {
    const { interval } = this.#options;
    this.#timer = setTimeout(async () => {
      await this.#options.warmUp?.();
      if (this.#stop.signal.aborted) return;
      this.#startAll(
        this.#current(),
        ({ inFlight, refreshedUntil }) =>
          inFlight < MAX_IN_FLIGHT && performance.now() >= refreshedUntil,
      );
      // Rounds that a suspended process has missed are not made up for.
      const missed = Math.floor(Math.max(0, performance.now() - time) / interval);
      this.#roundAt(time + (missed + 1) * interval);
    }, time - performance.now());
  }

  /** The checks of the moment, after the recorders have heard which are new and which are no more. */
  #current(): CheckState[] {
    const { states, recorders, checks } = this.#options;
    const { states: current, added, removed } = states.update(checks());
    for (const { check, outage } of removed) {
      for (const recorder of recorders) recorder.removed?.(check, outage);
    }
    for (const { check } of added) for (const recorder of recorders) recorder.added?.(check);
    return current;
  }

  /** Starts the checks in their order, slow ones last, after those of an earlier call. Resolves when the last is started. */
  #startAll(states: readonly CheckState[], isDue: (state: CheckState) => boolean): Promise<void> {
    const most = (this.#options.interval * MAX_STRETCH) / states.length;
    this.#starts = this.#starts.then(async () => {
      const begin = performance.now();
      for (const [index, state] of slowLast(states).entries()) {
        if (this.#stop.signal.aborted) return;
        if (!isDue(state)) continue;
        const attempt = this.#attempt(state);
        // Counted from the beginning, because no timer is as short as what each of a thousand checks has.
        const left = begin + (index + 1) * most - performance.now();
        if (left <= 0) continue;
        state.isSlow = !(await settlesWithin(attempt, Math.min(pacingOf(state.check), left)));
      }
    });
    return this.#starts;
  }

  /** Resolves when the attempt has ended; what came of it is recorded after the attempts before it. */
  #attempt(state: CheckState): Promise<Outcome> {
    const { check, recorded: before } = state;
    const since = performance.now();
    state.inFlight++;
    state.unrecorded++;
    const attempt = this.#probe(check).finally(() => state.inFlight--);
    const record = async () => {
      const outcome = await attempt;
      const isFalseAlarm =
        outcome.kind !== 'ok' &&
        !this.#stop.signal.aborted &&
        (await check.isFalseAlarm?.(since)) === true;
      await before;
      state.unrecorded--;
      const { states, recorders } = this.#options;
      if (this.#stop.signal.aborted || !states.has(state)) return;
      state.lastResultAt = performance.now();
      if (isFalseAlarm) return;
      const result = states.record(state, outcome);
      for (const recorder of recorders) recorder.record(result);
    };
    state.recorded = record();
    return attempt;
  }

  async #probe({ probe, target }: Check): Promise<Outcome> {
    using limit = deadline(
      this.#stop.signal,
      CHECK_TIMEOUT_MS,
      `no answer within ${CHECK_TIMEOUT_MS / 1000} s`,
    );
    return await probe(target, limit.signal);
  }
}

function slowLast(states: readonly CheckState[]): CheckState[] {
  const { quick = [], slow = [] } = Object.groupBy(states, ({ isSlow }) =>
    isSlow ? 'slow' : 'quick',
  );
  return [...quick, ...slow];
}

function pacingOf({ target }: Check): number {
  return target.url.protocol === 'https:' ? PACING_MS.tls : PACING_MS.plain;
}

/**
 * Whether the promise settles within so many milliseconds. Resolves when what it then has left for the event loop is
 * done, too: closing its connection would else be part of the next check's latency (measured: a sixth of it).
 */
function settlesWithin(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds);
    // Not `then` with two functions: a rejection is a bug, and has to be seen.
    promise.finally(() => {
      clearTimeout(timer);
      setImmediate(() => resolve(true));
    });
  });
}
