import { deadline } from '../deadline.ts';
import type { Signal } from '../model.ts';
import type { ListedPod } from '../neighbours/pod-list.ts';
import type { Fetched } from '../probes/fetch-body.ts';
import { restAfter } from '../rest.ts';
import type { Report, SilentPod } from '../verdict/report.ts';
import { InvalidField } from './fields.ts';
import { Pace, type Turn } from './pace.ts';
import { parseReport } from './parse-report.ts';
import { type Kept, readReport } from './read-report.ts';
import { RequestOrder } from './request-order.ts';

/** Requests at once. */
const MAX_REQUESTS = 64;

/** After so many requests without a single response this pod is cut off, and further ones would be no evidence. */
const MAX_FAILURES_ONLY = 2 * MAX_REQUESTS;

/** Up to so many pods report the last hour of every check; above it, only of checks that failed within it. */
const MAX_PODS_WITH_HOURS = 100;

/** Milliseconds, of one request and of all. */
export type Timeouts = Readonly<{ request: number; collection: number }>;

/** What it takes to read a report, in milliseconds. */
const READ_MS = 1;

/** Fetches the body of this path from the pod. Never rejects. */
export type FetchFrom = (pod: ListedPod, path: string, signal: Signal) => Promise<Fetched>;

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
  #hasResponse = false;
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
    this.#path = pods.length < MAX_PODS_WITH_HOURS ? '/report' : '/report?hour=failures';
  }

  /** What came of each pod, in their order. Never rejects; `signal` ends it, and what is left was not requested then. */
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
    return this.#pods.map((pod) => this.#collected.get(pod) ?? notRequested(pod));
  }

  /** One report is read in each turn of the event loop: the checks of the pod come in between. */
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
    const { request } = this.#timeouts;
    using time = deadline(over, request, `no report within ${request / 1000} s`);
    const fetched = await this.#fetch(pod, this.#path, time.signal);
    if (over.aborted && !('body' in fetched)) return;
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
      // What JSON.parse() says has a part of the body in it.
      const why = error instanceof InvalidField ? error.message : 'it is not JSON';
      return silent(pod, { cause: 'status', text: `the report cannot be used: ${why}` });
    } finally {
      this.#rest = restAfter(performance.now() - begin);
    }
  }
}

/** The report if it is that of this pod: an address may have passed to another, and a pod may lie. */
function reportOf(value: unknown, { pod, node, zone }: ListedPod, kept: Kept): Report {
  const report = readReport(value, kept);
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
