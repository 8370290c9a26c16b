import { deadline } from './deadline.ts';
import type { Check, Recorder } from './probe.ts';

/** How long a check may take in all, in milliseconds (the contract's 6 s). */
const DEADLINE_MS = 6_000;

/**
 * How long the next check of a round waits for the one before, in milliseconds. Checks beside each other measure our
 * own queue, and TLS computes the longer (measured: p99 is half of that of a burst). One that hangs is waited for by
 * nobody, and from then on asked last, so that it moves no other.
 */
const ROOM_MS = { plain: 5, tls: 25 };

/** The share of the interval that a round's starts may be stretched over. */
const MOST_OF_INTERVAL = 0.5;

/** A check that a refresh has begun is left out of rounds for as long as it is fresh, but for no longer than this share of the interval. */
const MAX_REFRESHED = 0.6;

export type ScheduleOptions = Readonly<{
  /** The checks of the moment; their types are distinct. */
  checks: () => readonly Check[];
  recorders: readonly Recorder[];
  /** Milliseconds. */
  interval: number;
  /** Where in the interval our rounds begin, from 0 to 1, by the clock that all nodes share: so that the fleet does not fire together. */
  place: number;
  /**
   * Awaited before each round: a process that has slept since the last one is slow for a while, and the first check would
   * pay for it (measured: 0.2 ms of 0.7). Never rejects, and has a limit of its own.
   */
  warmUp?: () => Promise<unknown>;
}>;

/** Asks each check once in every interval, one soon after another, and tells the recorders. */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();
  readonly #asked = new Map<string, Check>();
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #answeredAt = new Map<string, number>();
  /** Until when a round leaves out what a refresh has begun. */
  readonly #refreshedUntil = new Map<string, number>();
  /** The types of those that the last time had not answered when the next one began. */
  readonly #slow = new Set<string>();
  #starts: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Begins the rounds, the first within one interval. */
  start(): void {
    const { interval, place } = this.#options;
    const untilPlace = (place * interval - (Date.now() % interval) + interval) % interval;
    this.#roundAt(performance.now() + untilPlace);
  }

  /** Asks every check whose last answer is older than `maxAge` milliseconds, and waits for those under way. */
  async refresh(maxAge: number): Promise<void> {
    const since = performance.now() - maxAge;
    const isDue = ({ type }: Check) => (this.#answeredAt.get(type) ?? -Infinity) < since;
    const due = this.#current().filter(isDue);
    const spared = Math.min(maxAge, this.#options.interval * MAX_REFRESHED);
    await this.#startAll(due, (check) => {
      if (!isDue(check)) return false;
      this.#refreshedUntil.set(check.type, performance.now() + spared);
      return true;
    });
    await Promise.all(due.map(({ type }) => this.#underWay.get(type)));
    // Some may have left meanwhile.
    this.#current();
  }

  /** Ends the rounds. What is under way is broken off, and recorded nowhere. */
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
        ({ type }) => performance.now() >= (this.#refreshedUntil.get(type) ?? -Infinity),
      );
      // Rounds that a suspended process has missed are not made up for.
      const missed = Math.floor(Math.max(0, performance.now() - time) / interval);
      this.#roundAt(time + (missed + 1) * interval);
    }, time - performance.now());
  }

  /** The checks of the moment, after the recorders have heard which are new and which are no more. */
  #current(): readonly Check[] {
    const checks = this.#options.checks();
    const types = new Set(checks.map(({ type }) => type));
    for (const [type, check] of this.#asked) {
      if (types.has(type)) continue;
      this.#asked.delete(type);
      this.#answeredAt.delete(type);
      this.#refreshedUntil.delete(type);
      this.#slow.delete(type);
      for (const recorder of this.#options.recorders) recorder.end?.(check);
    }
    for (const check of checks) {
      if (!this.#asked.has(check.type)) {
        for (const recorder of this.#options.recorders) recorder.begin?.(check);
      }
      this.#asked.set(check.type, check);
    }
    return checks;
  }

  /** Starts the checks in their order, slow ones last, after those of an earlier call. Resolves when the last is started. */
  #startAll(checks: readonly Check[], isDue: (check: Check) => boolean): Promise<void> {
    const most = (this.#options.interval * MOST_OF_INTERVAL) / checks.length;
    this.#starts = this.#starts.then(async () => {
      const begin = performance.now();
      const { quick = [], slow = [] } = Object.groupBy(checks, ({ type }) =>
        this.#slow.has(type) ? 'slow' : 'quick',
      );
      for (const [index, check] of [...quick, ...slow].entries()) {
        if (this.#stop.signal.aborted) return;
        if (this.#underWay.has(check.type) || !isDue(check)) continue;
        const attempt = this.#attempt(check).finally(() => this.#underWay.delete(check.type));
        this.#underWay.set(check.type, attempt);
        const room = check.target.url.protocol === 'https:' ? ROOM_MS.tls : ROOM_MS.plain;
        // Counted from the beginning, because no timer is as short as what each of a thousand checks has.
        const left = begin + (index + 1) * most - performance.now();
        if (left <= 0) continue;
        const hasAnswered = await settlesWithin(attempt, Math.min(room, left));
        if (hasAnswered) this.#slow.delete(check.type);
        else this.#slow.add(check.type);
      }
    });
    return this.#starts;
  }

  async #attempt(check: Check): Promise<void> {
    using limit = deadline(
      this.#stop.signal,
      DEADLINE_MS,
      `no answer within ${DEADLINE_MS / 1000} s`,
    );
    const since = performance.now();
    const outcome = await check.probe(check.target, limit.signal);
    if (this.#stop.signal.aborted) return;
    const isFalseAlarm = outcome.kind !== 'ok' && (await check.isFalseAlarm?.(since));
    if (this.#stop.signal.aborted || !this.#asked.has(check.type)) return;
    this.#answeredAt.set(check.type, performance.now());
    if (isFalseAlarm) return;
    for (const recorder of this.#options.recorders) recorder.record({ check, outcome });
  }
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
