import { deadline } from '../deadline.ts';
import type { Signal } from '../model.ts';
import type { ListedPod } from '../neighbours/pod-list.ts';
import type { Fetched } from '../probes/fetch-body.ts';
import { restAfter } from '../rest.ts';
import { reachesNeighbours } from '../verdict/evidence.ts';
import type { Report, SilentPod } from '../verdict/report.ts';
import { InvalidField } from './fields.ts';
import { Pace, REQUEST_MS, type Turn } from './pace.ts';
import { parseReport } from './parse-report.ts';
import { type Kept, readReport } from './read-report.ts';
import { RequestOrder } from './request-order.ts';

/** Maximum concurrent requests. */
const MAX_REQUESTS = 64;

/**
 * Maximum bytes of a report that each of them may return: some 25 checks with the last hour of
 * each, while the usual report has 14. A longer report is requested again, separately, so that it
 * takes neither memory nor time from them.
 */
const MAX_SHORT_BYTES = 128 * 1024;

/** Maximum concurrent requests for long reports: 8 MiB, as much as all short ones. */
const MAX_LONG_REQUESTS = 8;

/**
 * Once this many more long reports have failed to arrive than have arrived, the others are not
 * requested: a hundred pods that announce one and never send its end would take the whole time of a
 * collection.
 */
const MAX_VAIN = 16;

/** A longer report is not read. One with 1,000 checks has 300 KB, or 700 KB if all of them fail. */
const MAX_REPORT_BYTES = 1024 * 1024;

/**
 * After this many requests without a single response, and if no check of a neighbour succeeds, this
 * pod is cut off, and further requests would prove nothing.
 */
const MAX_FAILURES_ONLY = 2 * MAX_REQUESTS;

/**
 * Up to this many pods report the last hour of every check; above it, only of checks that failed
 * within it.
 */
const MAX_PODS_WITH_HOURS = 100;

/** Milliseconds for one request, for one for a long report, and for all of them. */
export type Timeouts = Readonly<{ request: number; long: number; collection: number }>;

/** Seconds by which the clocks of the API server and of this pod may differ. */
const MAX_CLOCK_ERROR = 3_600;

const NO_TIME_FOR_LONG = 'its report is long, and the time for long ones was over';

/** The time to read a report, in milliseconds. */
const READ_MS = 1;

/** Fetches the body of this path from the pod, of at most `maxBody` bytes. Never rejects. */
export type FetchFrom = (
  pod: ListedPod,
  path: string,
  signal: Signal,
  maxBody: number,
) => Promise<Fetched>;

/** A report, or why there is none. */
export type Collected = Readonly<{ report: Report } | { silent: SilentPod }>;

/** One collection of the reports of all these pods. */
export class Collection {
  readonly #pods: readonly ListedPod[];
  readonly #fetch: FetchFrom;
  readonly #timeouts: Timeouts;
  readonly #kept: Kept;
  readonly #order: RequestOrder;
  readonly #takeTurn: Turn;
  readonly #path: string;
  readonly #collected = new Map<ListedPod, Collected>();
  /** Pods whose report is long, in the order of their responses. */
  readonly #long: ListedPod[] = [];
  readonly #longWorkers: Promise<void>[] = [];
  #longRequests = 0;
  #vain = 0;
  #hasResponse: boolean;
  #turn: Promise<unknown> = Promise.resolve();
  #rest: Promise<unknown> | undefined;

  /** `own`: the report of this pod, which is not requested. */
  constructor(
    pods: readonly ListedPod[],
    own: Report,
    options: Readonly<{ fetch: FetchFrom; timeouts: Timeouts; kept: Kept; turn: Turn }>,
  ) {
    this.#pods = pods;
    this.#fetch = options.fetch;
    this.#timeouts = options.timeouts;
    this.#kept = options.kept;
    this.#takeTurn = options.turn;
    this.#order = new RequestOrder(pods);
    this.#order.learn(own.checks);
    this.#hasResponse = reachesNeighbours(own);
    this.#path = pods.length < MAX_PODS_WITH_HOURS ? '/report' : '/report?hour=failures';
  }

  /**
   * The result for each pod, in order. Never rejects; `signal` ends the collection, and the
   * remaining pods count as not requested.
   */
  async run(signal: Signal): Promise<Collected[]> {
    using limit = deadline(signal, this.#timeouts.collection, 'the collection takes too long');
    const pace = new Pace(this.#pods.length, this.#takeTurn);
    const isOver = () => limit.signal.aborted || this.#isCutOff();
    const next = async () => {
      const pod = isOver() ? undefined : this.#order.next();
      if (pod !== undefined) await this.#request(pod, limit.signal);
    };
    let left = this.#pods.length;
    const worker = async () => {
      while (left-- > 0 && !isOver()) await pace.run(next);
    };
    await Promise.all(Array.from({ length: MAX_REQUESTS }, worker));
    await Promise.all(this.#longWorkers);
    return this.#pods.map((pod) => this.#collected.get(pod) ?? notRequested(pod));
  }

  /** Reads one report per turn of the event loop, so that the pod's checks can run in between. */
  #nextRead(): Promise<unknown> {
    this.#turn = this.#turn.then(async () => {
      await this.#rest;
      await this.#takeTurn(READ_MS);
    });
    return this.#turn;
  }

  #isCutOff(): boolean {
    return !this.#hasResponse && this.#collected.size >= MAX_FAILURES_ONLY;
  }

  async #request(pod: ListedPod, over: Signal): Promise<void> {
    const fetched = await this.#fetchWithin(this.#timeouts.request, pod, over, MAX_SHORT_BYTES);
    if ('isTooLong' in fetched) this.#requestLater(pod, over);
    else if ('body' in fetched || !over.aborted) await this.#collect(pod, fetched);
  }

  #requestLater(pod: ListedPod, over: Signal): void {
    this.#hasResponse = true;
    this.#collected.set(pod, silent(pod, { cause: 'status', text: NO_TIME_FOR_LONG }));
    this.#long.push(pod);
    if (this.#longRequests < MAX_LONG_REQUESTS) this.#longWorkers.push(this.#requestLong(over));
  }

  /**
   * Requests long reports until none is left, or too many fail to arrive. A pod whose long report
   * does not arrive has responded before, so this is no evidence against its path.
   */
  async #requestLong(over: Signal): Promise<void> {
    this.#longRequests += 1;
    for (let pod = this.#long.shift(); pod !== undefined; pod = this.#long.shift()) {
      await this.#takeTurn(REQUEST_MS);
      if (over.aborted || this.#vain >= MAX_VAIN) break;
      const fetched = await this.#fetchWithin(this.#timeouts.long, pod, over, MAX_REPORT_BYTES);
      this.#vain += 'body' in fetched ? -1 : 1;
      if ('body' in fetched) await this.#collect(pod, fetched);
      else if (!over.aborted) await this.#collect(pod, { ...fetched, cause: 'status' });
    }
    this.#longRequests -= 1;
  }

  async #fetchWithin(
    milliseconds: number,
    pod: ListedPod,
    over: Signal,
    maxBody: number,
  ): Promise<Fetched> {
    using time = deadline(over, milliseconds, `no report within ${milliseconds / 1000} s`);
    return await this.#fetch(pod, this.#path, time.signal, maxBody);
  }

  async #collect(pod: ListedPod, fetched: Fetched): Promise<void> {
    if ('body' in fetched) await this.#nextRead();
    const collected = 'body' in fetched ? this.#read(fetched.body, pod) : silent(pod, fetched);
    this.#collected.set(pod, collected);
    if ('report' in collected) this.#order.learn(collected.report.checks);
    if ('report' in collected || collected.silent.cause === 'status') this.#hasResponse = true;
  }

  #read(body: Buffer, pod: ListedPod): Collected {
    const begin = performance.now();
    try {
      return { report: reportOf(parseReport(body), pod, this.#kept) };
    } catch (error) {
      // The message of JSON.parse() contains a part of the body.
      const why = error instanceof InvalidField ? error.message : 'it is not JSON';
      return silent(pod, { cause: 'status', text: `the report cannot be used: ${why}` });
    } finally {
      this.#rest = restAfter(performance.now() - begin);
    }
  }
}

/**
 * The report, if it is that of this pod: an address may have passed to another, and a pod may lie.
 * Nothing in it begins before the pod was created, with an hour for wrong clocks.
 */
function reportOf(value: unknown, { pod, node, zone, createdAt }: ListedPod, kept: Kept): Report {
  const age = Date.now() / 1000 - createdAt + MAX_CLOCK_ERROR;
  const report = readReport(value, kept, age);
  if (report.pod !== pod) throw new InvalidField(`pod is ${report.pod}, not ${pod}`);
  if (report.node !== node) throw new InvalidField(`node is ${report.node}, not ${node}`);
  return zone === '' ? report : { ...report, zone };
}

function silent({ pod, node }: ListedPod, why: Pick<SilentPod, 'cause' | 'text'>): Collected {
  return { silent: { pod, node, cause: why.cause, text: why.text } };
}

function notRequested(pod: ListedPod): Collected {
  return silent(pod, { cause: null, text: 'not requested: the time for the collection was over' });
}
