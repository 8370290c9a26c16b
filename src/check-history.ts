import {
  type Check,
  errorEvent,
  failureCause,
  isAddress,
  type Outcome,
  type Recorder,
  resultText,
} from './model.ts';
import { printable } from './printable.ts';
import { quantile } from './verdict/quantile.ts';
import type { CheckReport, Component, LastMinute, Minute } from './verdict/report.ts';

const MINUTE_MS = 60_000;

/** How many minutes are kept. */
const MINUTES = 60;

/** Results kept of the last minute of one check: at most one every 3 s (`/alive`) and one per interval; with room to spare. */
const MAX_RESULTS = 64;

/** Characters of a failure's text that are reported: parts of it come from the network. */
const MAX_TEXT = 300;

/** With more checks than this the last hour is left out: it is two thirds of the report's size and of the time it takes. */
const MAX_WITH_HOUR = 200;

const COMPONENTS: ReadonlySet<string> = new Set<Component>([
  'api_server_direct',
  'api_server_dns',
  'me_ingress',
  'me_service',
]);

/** One result. `at`: Unix time in milliseconds. */
type Entry = Readonly<{ at: number; outcome: Outcome }>;

type History = {
  check: Check;
  /** Of at most the last minute, oldest first. */
  recent: Entry[];
  /** Minutes that have ended, by the Unix time in minutes at which they began, oldest first. */
  minutes: Map<number, Minute>;
  /** Unix time in milliseconds of the first result of the current state. */
  since: number | null;
  consecutive: number;
};

/** The last hour of each check that is made: what `/report` shows. */
export class CheckHistory {
  readonly #histories = new Map<string, History>();
  readonly #now: () => number;

  /** `now`: Unix time in milliseconds. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  readonly recorder: Recorder = {
    added: (check) => {
      this.#histories.set(check.type, {
        check,
        recent: [],
        minutes: new Map(),
        since: null,
        consecutive: 0,
      });
    },
    record: ({ check, outcome }) => this.#record(check, outcome),
    removed: ({ type }) => this.#histories.delete(type),
  };

  /** What is known of each check, in the order in which they were added. */
  reports(): CheckReport[] {
    const now = this.#now();
    const withHour = this.#histories.size <= MAX_WITH_HOUR;
    return [...this.#histories.values()].map((history) => reportOf(history, now, withHour));
  }

  #record(check: Check, outcome: Outcome): void {
    const history = this.#histories.get(check.type);
    if (history === undefined) return;
    const now = this.#now();
    const last = history.recent.at(-1);
    history.check = check;
    if (last === undefined || isOk(last) !== (outcome.kind === 'ok')) {
      history.since = now;
      history.consecutive = 0;
    }
    history.consecutive += 1;
    // The last result stays, however old: it is the state.
    const minute = minuteAt(now);
    if (last !== undefined && minuteAt(last.at) !== minute) endMinute(history, last, minute);
    history.recent = [...history.recent, { at: now, outcome }]
      .filter(({ at }) => now - at < MINUTE_MS)
      .slice(-MAX_RESULTS);
  }
}

/** The Unix time in minutes. */
function minuteAt(at: number): number {
  return Math.floor(at / MINUTE_MS);
}

/** Adds up the minute of the last result, and drops minutes of more than an hour before `current`. */
function endMinute({ recent, minutes }: History, last: Entry, current: number): void {
  minutes.set(minuteAt(last.at), minuteOf(ofMinute(recent, last)));
  for (const each of minutes.keys()) if (each <= current - MINUTES) minutes.delete(each);
}

/** The results of the same minute as the last one. */
function ofMinute(recent: readonly Entry[], last: Entry): Entry[] {
  return recent.filter(({ at }) => minuteAt(at) === minuteAt(last.at));
}

function isOk({ outcome }: Entry): boolean {
  return outcome.kind === 'ok';
}

function reportOf(
  { check, recent, minutes, since, consecutive }: History,
  now: number,
  withHour: boolean,
): CheckReport {
  const { type, target } = check;
  const { neighbour, url } = target;
  const lastEntry = recent.at(-1);
  const last = lastEntry?.outcome;
  const withCurrent = new Map(minutes);
  if (lastEntry) withCurrent.set(minuteAt(lastEntry.at), minuteOf(ofMinute(recent, lastEntry)));
  return {
    type,
    kind: neighbour ? 'path' : COMPONENTS.has(type) ? (type as Component) : 'extra',
    ...(neighbour ? { node: neighbour.nodeName, zone: neighbour.zone ?? '' } : {}),
    byName: !isAddress(url),
    state: last === undefined ? 'pending' : last.kind === 'ok' ? 'ok' : 'failing',
    since: since === null ? null : since / 1000,
    consecutive,
    ...failureOf(last),
    lastMinute: lastMinuteOf(recent.filter(({ at }) => now - at < MINUTE_MS)),
    ...(withHour ? { lastHour: lastHourOf(withCurrent, minuteAt(now)) } : {}),
  };
}

function failureOf(last: Outcome | undefined): Pick<CheckReport, 'cause' | 'event' | 'text'> {
  if (last === undefined || last.kind === 'ok') return { cause: null, event: null, text: null };
  return {
    cause: failureCause(last) ?? null,
    event: errorEvent(last) ?? null,
    text: printable(resultText(last), MAX_TEXT),
  };
}

function minuteOf(entries: readonly Entry[]): Minute {
  const durations = entries.flatMap(({ outcome }) =>
    outcome.kind === 'ok' ? [outcome.duration] : [],
  );
  return [entries.length, entries.length - durations.length, median(durations)];
}

function lastMinuteOf(entries: readonly Entry[]): LastMinute {
  const [checks, failures, medianSeconds] = minuteOf(entries);
  const counts = entries.flatMap(({ outcome: { tcp } }) => tcp ?? []);
  return {
    checks,
    failures,
    medianSeconds,
    rttSeconds: median(counts.flatMap(({ handshakeRtt }) => handshakeRtt ?? [])),
    segmentsSent: counts.reduce((sum, each) => sum + each.segmentsSent, 0),
    segmentsRetransmitted: counts.reduce((sum, each) => sum + each.segmentsRetransmitted, 0),
  };
}

/** Minutes without a result are [0, 0, null]. */
function lastHourOf(minutes: ReadonlyMap<number, Minute>, current: number) {
  const first = Math.max(current - MINUTES + 1, minutes.keys().next().value ?? current);
  return {
    start: first * 60,
    minutes: Array.from(
      { length: current - first + 1 },
      (_, index): Minute => minutes.get(first + index) ?? [0, 0, null],
    ),
  };
}

function median(values: readonly number[]): number | null {
  return values.length === 0 ? null : quantile(values, 0.5);
}
