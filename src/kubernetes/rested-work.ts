import { restAfter } from '../rest.ts';

/** Upper bound of the time to receive a byte, in milliseconds (measured over the loopback). */
const RECEIVE_MS = 5e-6;

/**
 * Work on a response, with rests that leave most of the time to others: otherwise, patching a large
 * pod a hundred times per second would take all of it.
 */
export class RestedWork {
  readonly #times: number;
  readonly #signal: AbortSignal | undefined;
  /** In milliseconds, since the last rest. */
  #work = 0;
  #begun = 0;

  /** `times`: the rest after work, as a multiple of the work. */
  constructor(times: number, signal?: AbortSignal) {
    this.#times = times;
    this.#signal = signal;
  }

  /** Begins work on this many bytes, which have just arrived. */
  begin(bytes: number): void {
    this.#begun = performance.now();
    this.#work += RECEIVE_MS * bytes;
  }

  /** Resolves after the rest that the work so far needs, if any. Rejects if the signal aborts. */
  async rest(): Promise<void> {
    this.#work += performance.now() - this.#begun;
    if (await restAfter(this.#work, this.#signal, this.#times)) this.#work = 0;
    this.#begun = performance.now();
  }
}
