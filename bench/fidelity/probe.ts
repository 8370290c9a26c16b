import { httpGet } from '../../lab/support/http-get.ts';
import { freePort, respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { ringPosition } from '../../src/neighbours/choose.ts';
import { imageEnvironment, imageFlags, ONE_CHECK, peer } from '../support/programs.ts';

const RING = 2 ** 64;
/** How close to the requested phase offset a probe's rounds begin, as a share of the interval. */
const EXACT = 0.00002;

const SCRAPE_LIMIT_MS = 10_000;

/** Only the given checks, and as few buckets as possible, because only sums are read. */
const ENVIRONMENT = {
  ...ONE_CHECK,
  KUBENURSE_CHECK_ME_SERVICE: 'false',
  KUBENURSE_HISTOGRAM_BUCKETS: '1',
};

type Options = Readonly<{
  urls: readonly string[];
  /** Milliseconds. */
  interval: number;
  environment: Readonly<Record<string, string>>;
}>;

export type ProbeOptions = Options &
  Readonly<{
    /** The packed program. */
    file: string;
    /** Where in the interval its rounds begin, from 0 to 1. */
    phaseOffset: number;
  }>;

/** `environment` has the variable KUBECONFIG. */
export type GoProbeOptions = Options &
  Readonly<{
    /** The address at which it listens, on port 8080. */
    address: string;
  }>;

/**
 * One measurement of a check: the index of its URL, the number of the check of this URL, from 0,
 * and how long it took.
 */
export type Measurement = Readonly<{
  target: number;
  number: number;
  milliseconds: number;
  /**
   * The TCP handshake by the client's own clock, from before it connects until it knows that it is
   * connected, in milliseconds.
   */
  handshake: number;
  /**
   * The TCP handshake by the kernel's clock, in milliseconds; undefined if the client does not read
   * it.
   */
  rtt: number | undefined;
}>;

/** The count and sum of a histogram so far. */
export type Seen = Readonly<{ count: number; sum: number }>;
/** The histograms of one target so far, in seconds. */
export type SeenChecks = Seen & Readonly<{ handshake: number; rtt: number | undefined }>;
/** The program's event-loop metrics, in seconds. */
export type EventLoop = Readonly<{ delay: Seen; active: Seen }>;

/**
 * The packed program, as the image starts it, or the stand-in in Go. It exports what it measures
 * only as histograms: with one scrape per interval, the growth of a sum is the one measurement in
 * it.
 */
export class Probe {
  readonly #metricsUrl: string;
  readonly #server: ServerProcess;
  #last: readonly SeenChecks[];

  /** Runs it until the stack is disposed of. Resolves when it listens. */
  static async start(stack: AsyncDisposableStack, options: ProbeOptions): Promise<Probe> {
    const { file, phaseOffset, environment } = options;
    const port = await freePort();
    const command = [process.execPath, ...imageFlags(), file];
    return Probe.#start(stack, command, `http://127.0.0.1:${port}`, {
      ...options,
      environment: {
        ...imageEnvironment(),
        KUBENURSE_PORT: `${port}`,
        POD_NAME: podNameAt(phaseOffset),
        ...environment,
      },
    });
  }

  /** The same for the stand-in in Go, whose rounds begin in the interval when it has started. */
  static startGo(stack: AsyncDisposableStack, options: GoProbeOptions): Promise<Probe> {
    const { address, environment } = options;
    return Probe.#start(stack, [peer().command], `http://${address}:8080`, {
      ...options,
      environment: { KUBENURSE_LISTEN_ADDRESS: address, ...environment },
    });
  }

  static async #start(
    stack: AsyncDisposableStack,
    [command = '', ...args]: readonly string[],
    origin: string,
    { urls, interval, environment }: Options,
  ): Promise<Probe> {
    const checks = urls.map((url, target) => `target-${target}:${url}`);
    const server = await ServerProcess.start(command, args, {
      environment: {
        ...ENVIRONMENT,
        KUBENURSE_EXTRA_CHECKS: checks.join('|'),
        KUBENURSE_CHECK_INTERVAL: `${interval}ms`,
        ...environment,
      },
      ready: () => respondsWith200(`${origin}/alwayshappy`),
    });
    stack.defer(() => server.stop());
    return new Probe(urls, origin, server);
  }

  private constructor(urls: readonly string[], origin: string, server: ServerProcess) {
    this.#server = server;
    this.#metricsUrl = `${origin}/metrics`;
    this.#last = urls.map(() => NOTHING);
  }

  signal(name: NodeJS.Signals): void {
    this.#server.signal(name);
  }

  /**
   * Its measurements since the last call; none of a target that it has checked more than once since
   * then.
   */
  async measurements(): Promise<{ checks: Measurement[]; eventLoop: EventLoop }> {
    const { body } = await httpGet(this.#metricsUrl, SCRAPE_LIMIT_MS);
    const seen = readChecks(body, this.#last.length);
    const last = this.#last;
    this.#last = seen;
    const checks = seen.flatMap((now, target) => {
      const before = last[target] ?? NOTHING;
      if (now.count !== before.count + 1) return [];
      const rtt = now.rtt && 1_000 * (now.rtt - (before.rtt ?? 0));
      const milliseconds = 1_000 * (now.sum - before.sum);
      const handshake = 1_000 * (now.handshake - before.handshake);
      return [{ target, number: before.count, milliseconds, handshake, rtt }];
    });
    return { checks, eventLoop: readEventLoop(body) };
  }
}

const NOTHING: SeenChecks = { count: 0, sum: 0, handshake: 0, rtt: undefined };

const SERIES = /^kubenurse_(\w+)\{([^}]*type="target-(\d+)"[^}]*)\} (.+)$/gm;

/** What a page of metrics exports for each target. */
export function readChecks(page: string, targets: number): SeenChecks[] {
  const seen = Array.from({ length: targets }, () => ({ ...NOTHING }));
  for (const [, name = '', labels = '', target, text] of page.matchAll(SERIES)) {
    const one = seen[Number(target)];
    const event = /event="(\w+)"/.exec(labels)?.[1] ?? '';
    const value = Number(text);
    if (one) Object.assign(one, read(`${name} ${event}`.trimEnd(), value, one));
  }
  return seen;
}

/** What a series, identified by its name and event, adds to what is already known. */
function read(series: string, value: number, { handshake }: SeenChecks): Partial<SeenChecks> {
  switch (series) {
    case 'httpclient_request_duration_seconds_count':
      return { count: value };
    case 'httpclient_request_duration_seconds_sum':
      return { sum: value };
    case 'httpclient_trace_request_duration_seconds_sum connect_start':
      return { handshake: handshake - value };
    case 'httpclient_trace_request_duration_seconds_sum connect_done':
      return { handshake: handshake + value };
    case 'tcp_rtt_seconds_sum':
      return { rtt: value };
    default:
      return {};
  }
}

/** The event-loop metrics: its lag, and its active time during checks. */
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

/** The name of a pod whose rounds begin there. */
function podNameAt(phaseOffset: number): string {
  for (let number = 0; ; number++) {
    const name = `kubenurse-${number}`;
    if (Math.abs(Number(ringPosition(name)) / RING - phaseOffset) < EXACT) return name;
  }
}
