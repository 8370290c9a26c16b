import { restAfter } from '../rest.ts';

/** What it takes to receive a byte, in milliseconds: no longer than this (measured over the loopback). */
const RECEIVE_MS = 5e-6;

/** Work on a response, with rests that leave others most of the time: whoever patches a large pod a hundred times per second would else take all of it. */
export class RestedWork {
  readonly #times: number;
  readonly #signal: AbortSignal | undefined;
  /** In milliseconds, since the last rest. */
  #work = 0;
  #begun = 0;

  /** `times`: how much longer than work the rest is that follows it. */
  constructor(times: number, signal?: AbortSignal) {
    this.#times = times;
    this.#signal = signal;
  }

  /** Work on so many bytes begins, which have just come. */
  begin(bytes: number): void {
    this.#begun = performance.now();
    this.#work += RECEIVE_MS * bytes;
  }

  /** Resolves after the rest that the work needs so far, if any. Rejects when the signal aborts. */
  async rest(): Promise<void> {
    this.#work += performance.now() - this.#begun;
    if (await restAfter(this.#work, this.#signal, this.#times)) this.#work = 0;
    this.#begun = performance.now();
  }
}
