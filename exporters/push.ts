import type { CollectionResult } from '@opentelemetry/sdk-metrics';
import type { Send } from './exporter.ts';
import { CumulativeReader, type ReaderOptions } from './reader.ts';

export type PushOptions = ReaderOptions &
  Readonly<{
    send: Send;
    /** Milliseconds from one export to the next. */
    interval: number;
    /** How long an export may take, in milliseconds. */
    timeout: number;
    /** Called for each export that fails; `first`: the previous one had not failed. */
    onFailure: (error: Error, first: boolean) => void;
    /** Called when an export succeeds after failed ones. */
    onRecovery: (lost: { exports: number; milliseconds: number }) => void;
  }>;

/** Sends the metrics at each interval, one export at a time, and one last time at shutdown. */
export class PushReader extends CumulativeReader {
  readonly #options: PushOptions;
  #timer: NodeJS.Timeout | undefined;
  #inFlight: Promise<void> | undefined;
  /** Outlives `#inFlight` if `send` does not obey its signal. */
  #sending: Promise<void> | undefined;
  #outage: { exports: number; since: number } | undefined;

  constructor(options: PushOptions) {
    super(options);
    this.#options = options;
  }

  protected override onInitialized(): void {
    this.#timer = setInterval(() => this.#export(), this.#options.interval);
    this.#timer.unref();
  }

  protected override async onForceFlush(): Promise<void> {
    await this.#inFlight;
    await this.#export();
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.onForceFlush();
  }

  /** Never rejects. While an export is in flight, does not start another. */
  #export(): Promise<void> {
    this.#inFlight ??= this.#exportOnce().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #exportOnce(): Promise<void> {
    const { timeout } = this.#options;
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new Error(`timed out after ${timeout / 1000} s`)),
      timeout,
    );
    try {
      if (this.#sending !== undefined) throw new Error('the previous export is still running');
      this.#sending = this.#send(limit.signal).finally(() => {
        this.#sending = undefined;
      });
      await Promise.race([aborted(limit.signal), this.#sending]);
      this.#succeeded();
    } catch (error) {
      this.#failed(error as Error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { resourceMetrics, errors }: CollectionResult = await this.read(this.#options.timeout);
    if (errors.length > 0) throw new AggregateError(errors, String(errors[0]));
    signal.throwIfAborted();
    await this.#options.send(resourceMetrics, signal);
  }

  #failed(error: Error): void {
    this.#options.onFailure(error, this.#outage === undefined);
    this.#outage ??= { exports: 0, since: performance.now() };
    this.#outage.exports += 1;
  }

  #succeeded(): void {
    if (this.#outage === undefined) return;
    const { exports, since } = this.#outage;
    this.#outage = undefined;
    this.#options.onRecovery({ exports, milliseconds: performance.now() - since });
  }
}

/** Rejects with the signal's reason when it aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
