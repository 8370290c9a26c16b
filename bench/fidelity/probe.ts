import { httpGet } from '../../lab/support/http-get.ts';
import { answers200, freePort, ServerProcess } from '../../lab/support/server-process.ts';
import { ringPosition } from '../../src/neighbours/choose.ts';
import { imageFlags, ONE_CHECK } from '../support/programs.ts';

const RING = 2 ** 64;
/** How exactly a probe's rounds begin at the requested phase offset, as a share of the interval. */
const EXACT = 0.00002;

const SCRAPE_LIMIT_MS = 10_000;

/** No check but those that are given, and as few buckets as there can be, because only sums are read. */
const ENVIRONMENT = {
  ...ONE_CHECK,
  KUBENURSE_CHECK_ME_SERVICE: 'false',
  KUBENURSE_HISTOGRAM_BUCKETS: '1',
};

export type ProbeOptions = Readonly<{
  /** The packed program. */
  file: string;
  urls: readonly string[];
  /** Milliseconds. */
  interval: number;
  /** Where in the interval its rounds begin, from 0 to 1. */
  phaseOffset: number;
  environment: Readonly<Record<string, string>>;
}>;

/** One measurement of a check: which of its URLs, the how-manieth of this URL, from 0, and how long it took. */
export type Measurement = Readonly<{ target: number; number: number; milliseconds: number }>;

/** What a histogram has seen so far. */
export type Seen = Readonly<{ count: number; sum: number }>;
/** The program's event-loop metrics, in seconds. */
export type EventLoop = Readonly<{ delay: Seen; active: Seen }>;

/**
 * The packed program, as the image starts it. What it measures it tells as histograms only; asked once in every
 * interval, the growth of a sum is the one measurement in it.
 */
export class Probe {
  readonly #metricsUrl: string;
  readonly #server: ServerProcess;
  #last: readonly Seen[];

  /** Runs it until the stack is disposed of. Resolves when it listens. */
  static async start(stack: AsyncDisposableStack, options: ProbeOptions): Promise<Probe> {
    const { file, urls, interval, phaseOffset, environment } = options;
    const port = await freePort();
    const checks = urls.map((url, target) => `target-${target}:${url}`);
    const server = await ServerProcess.start(process.execPath, [...imageFlags(), file], {
      environment: {
        ...ENVIRONMENT,
        KUBENURSE_PORT: `${port}`,
        KUBENURSE_EXTRA_CHECKS: checks.join('|'),
        KUBENURSE_CHECK_INTERVAL: `${interval}ms`,
        POD_NAME: podNameAt(phaseOffset),
        ...environment,
      },
      ready: () => answers200(`http://127.0.0.1:${port}/alwayshappy`),
    });
    stack.defer(() => server.stop());
    return new Probe(urls, port, server);
  }

  private constructor(urls: readonly string[], port: number, server: ServerProcess) {
    this.#server = server;
    this.#metricsUrl = `http://127.0.0.1:${port}/metrics`;
    this.#last = urls.map(() => ({ count: 0, sum: 0 }));
  }

  signal(name: NodeJS.Signals): void {
    this.#server.signal(name);
  }

  /** What it has measured since it was last asked; nothing of a target that it has asked more than once since then. */
  async measurements(): Promise<{ checks: Measurement[]; eventLoop: EventLoop }> {
    const { body } = await httpGet(this.#metricsUrl, SCRAPE_LIMIT_MS);
    const seen = readChecks(body, this.#last.length);
    const last = this.#last;
    this.#last = seen;
    const checks = seen.flatMap(({ count, sum }, target) => {
      const before = last[target] ?? { count: 0, sum: 0 };
      const isOne = count === before.count + 1;
      return isOne
        ? [{ target, number: before.count, milliseconds: 1000 * (sum - before.sum) }]
        : [];
    });
    return { checks, eventLoop: readEventLoop(body) };
  }
}

const CHECK =
  /^kubenurse_httpclient_request_duration_seconds_(sum|count)\{type="target-(\d+)"\} (.+)$/gm;

/** What is told of each target on a page of metrics. */
export function readChecks(page: string, targets: number): Seen[] {
  const seen = Array.from({ length: targets }, () => ({ count: 0, sum: 0 }));
  for (const [, what = '', target, value] of page.matchAll(CHECK)) {
    const one = seen[Number(target)];
    if (one) one[what as keyof Seen] = Number(value);
  }
  return seen;
}

/** What is told of the event loop: how late timers were, and for how long of the checks it was at work. */
function readEventLoop(page: string): EventLoop {
  const read = (what: string) => {
    const value = (part: string) => {
      const line = new RegExp(`^kubenurse_event_loop_${what}_seconds_${part} (.+)$`, 'm');
      return Number(line.exec(page)?.[1] ?? 0);
    };
    return { count: value('count'), sum: value('sum') };
  };
  return { delay: read('delay'), active: read('active') };
}

/** A name of a pod whose rounds begin there. */
function podNameAt(phaseOffset: number): string {
  for (let number = 0; ; number++) {
    const name = `kubenurse-${number}`;
    if (Math.abs(Number(ringPosition(name)) / RING - phaseOffset) < EXACT) return name;
  }
}
