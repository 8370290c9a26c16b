import type { Outcome } from './model.ts';
import { quantile } from './verdict/quantile.ts';
import type { LastHour, LastMinute, Minute } from './verdict/report.ts';

const MINUTE_MS = 60_000;

/** How many minutes are kept. */
const MINUTES = 60;

/** Results are aggregated per second: at the shortest interval, 10 ms, there are 6,000 a minute. */
const SLICE_MS = 1_000;

/** Durations kept per second: medians are exact down to intervals of 125 ms, else of a sample. */
const MAX_SAMPLES = 8;

/** The results of one second. */
type Slice = Readonly<{
  /** When it begins, in milliseconds of `performance.now()`, and in minutes of Unix time. */
  at: number;
  minute: number;
  /** Of successful checks, in seconds. */
  durations: number[];
  rtts: number[];
}> & { checks: number; failures: number; segmentsSent: number; segmentsRetransmitted: number };

/** The last minute and the last hour of one check. */
export class CheckHistory {
  /** At most those of the last minute, oldest first. */
  #slices: Slice[] = [];
  /** Past minutes, by their start in minutes of Unix time, oldest first. */
  readonly #minutes = new Map<number, Minute>();
  #lastFailed = false;

  add(outcome: Outcome): void {
    const now = performance.now();
    const slice = this.#sliceAt(now);
    slice.checks += 1;
    if (outcome.kind === 'ok') sample(slice.durations, outcome.duration);
    else slice.failures += 1;
    const { tcp } = outcome;
    const isOutage = this.#lastFailed || outcome.kind === 'failed';
    this.#lastFailed = outcome.kind === 'failed';
    if (tcp === undefined) return;
    if (tcp.handshakeRtt !== undefined) sample(slice.rtts, tcp.handshakeRtt);
    // Linux retransmits an unanswered SYN or request several times within a check, which would look
    // like packet loss. The first success may have begun before the end of the outage.
    if (isOutage) return;
    slice.segmentsSent += tcp.segmentsSent;
    slice.segmentsRetransmitted += tcp.segmentsRetransmitted;
  }

  lastMinute(): LastMinute {
    const now = performance.now();
    const slices = this.#slices.filter(({ at }) => now - at < MINUTE_MS);
    const [checks, failures, medianSeconds] = minuteOf(slices);
    return {
      checks,
      failures,
      medianSeconds,
      rttSeconds: median(slices.flatMap(({ rtts }) => rtts)),
      segmentsSent: sumOf(slices, 'segmentsSent'),
      segmentsRetransmitted: sumOf(slices, 'segmentsRetransmitted'),
    };
  }

  /** Minutes without a result are [0, 0, null]. */
  lastHour(): LastHour {
    const minutes = new Map(this.#minutes);
    const last = this.#slices.at(-1);
    if (last !== undefined) minutes.set(last.minute, this.#minuteLike(last));
    const current = currentMinute();
    const first = Math.max(current - MINUTES + 1, minutes.keys().next().value ?? current);
    return {
      start: first * 60,
      minutes: Array.from(
        { length: current - first + 1 },
        (_, index): Minute => minutes.get(first + index) ?? [0, 0, null],
      ),
    };
  }

  /** The slice of the current second. */
  #sliceAt(now: number): Slice {
    const last = this.#slices.at(-1);
    const minute = currentMinute();
    if (last !== undefined && last.minute === minute && now - last.at < SLICE_MS) return last;
    if (last !== undefined && last.minute !== minute) this.#endMinute(last, minute);
    const slice = {
      at: now,
      minute,
      durations: [],
      rtts: [],
      checks: 0,
      failures: 0,
      segmentsSent: 0,
      segmentsRetransmitted: 0,
    };
    this.#slices = [...this.#slices.filter(({ at }) => now - at < MINUTE_MS), slice];
    return slice;
  }

  /** Aggregates the last result's minute, and drops minutes an hour or more before `current`. */
  #endMinute(last: Slice, current: number): void {
    this.#minutes.set(last.minute, this.#minuteLike(last));
    for (const each of this.#minutes.keys())
      if (each <= current - MINUTES) this.#minutes.delete(each);
  }

  #minuteLike({ minute }: Slice): Minute {
    return minuteOf(this.#slices.filter((slice) => slice.minute === minute));
  }
}

/** The Unix time in minutes. */
function currentMinute(): number {
  return Math.floor(Date.now() / MINUTE_MS);
}

function sample(values: number[], value: number): void {
  if (values.length < MAX_SAMPLES) values.push(value);
}

function minuteOf(slices: readonly Slice[]): Minute {
  return [
    sumOf(slices, 'checks'),
    sumOf(slices, 'failures'),
    median(slices.flatMap(({ durations }) => durations)),
  ];
}

function sumOf(
  slices: readonly Slice[],
  count: 'checks' | 'failures' | 'segmentsSent' | 'segmentsRetransmitted',
): number {
  return slices.reduce((sum, slice) => sum + slice[count], 0);
}

function median(values: readonly number[]): number | null {
  return values.length === 0 ? null : quantile(values, 0.5);
}
