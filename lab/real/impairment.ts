import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const IMPAIR = join(import.meta.dirname, '../tools/bin/impair');
/** It confirms within a millisecond unless the computer is busy. */
const CONFIRMATION_LIMIT_MS = 10_000;

/** What happens to the packets of a link, in each direction. */
export type Impairment = Readonly<{
  delayMs?: number;
  /**
   * Each packet's delay varies by up to this much, evenly distributed, so packets overtake each
   * other.
   */
  jitterMs?: number;
  lossPercent?: number;
  /** Additional delay in ms of packets with a Differentiated Services code point, by code point. */
  marked?: Readonly<Record<number, number>>;
}>;

/** The program `impair` (lab/tools/impair), which forwards between two interfaces. */
export class Impairer {
  readonly #child: ChildProcess;
  readonly #confirmations: Interface;
  readonly #closed: Promise<unknown>;
  #impairment: Impairment = {};
  #errors = '';

  private constructor(child: ChildProcess, confirmations: Interface) {
    this.#child = child;
    this.#confirmations = confirmations;
    this.#closed = once(confirmations, 'close');
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-10_000);
    });
    child.stdin?.on('error', () => {});
    child.on('error', (error) => {
      this.#errors += error.message;
    });
  }

  /**
   * Resolves once it forwards between `first` and `second`, in the namespace that `enter` leads to.
   */
  static async start(
    enter: readonly string[],
    first: string,
    second: string,
    impairment: Impairment,
  ): Promise<Impairer> {
    const [command = '', ...args] = [...enter, IMPAIR, first, second];
    const child = spawn(command, args, { stdio: 'pipe' });
    const impairer = new Impairer(child, createInterface(child.stdout));
    await impairer.set(impairment);
    return impairer;
  }

  /**
   * Resolves once it is in effect for every packet that arrives. Rejects if the program has ended.
   */
  async set(impairment: Impairment): Promise<void> {
    const confirmed = once(this.#confirmations, 'line', {
      signal: AbortSignal.timeout(CONFIRMATION_LIMIT_MS),
    });
    const ended = this.#closed.then(() => {
      throw new Error(`impair ended: ${this.#errors}`);
    });
    this.#child.stdin?.write(`${JSON.stringify(impairment)}\n`);
    await Promise.race([confirmed, ended]);
    this.#impairment = impairment;
  }

  /** Stops impairing packets, and resolves once the delayed ones have been forwarded. */
  async letGo(): Promise<void> {
    const longest = longestDelay(this.#impairment);
    await this.set({});
    await sleep(longest);
  }

  /** Ends it once it has forwarded what has arrived; packets that it is still delaying are lost. */
  async close(): Promise<void> {
    this.#child.stdin?.end();
    const killLater = setTimeout(() => this.#child.kill('SIGKILL'), CONFIRMATION_LIMIT_MS);
    await this.#closed;
    clearTimeout(killLater);
  }
}

/** In milliseconds. */
function longestDelay({ delayMs = 0, jitterMs = 0, marked = {} }: Impairment): number {
  return delayMs + jitterMs + Math.max(0, ...Object.values(marked));
}
