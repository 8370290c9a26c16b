import { readFileSync } from 'node:fs';
import { usageOf } from '../support/usage.ts';

const PERIOD_MS = 20;

/** The peak memory of a process, in bytes. */
export type Peak = Readonly<{
  /** As the kernel records it (`VmHWM`), since the process started. */
  peakRss: number;
  /** The maximum of samples every 20 ms. */
  peakRssAnon: number;
}>;

/** Samples the memory of a process until it is disposed of. */
export class MemoryPeak implements Disposable {
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;
  #rssAnon = 0;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      try {
        this.#look();
      } catch {
        // The process has ended. Whoever waits for it knows why.
        clearInterval(this.#timer);
      }
    }, PERIOD_MS);
  }

  /** Throws if the process has ended. */
  read(): Peak {
    this.#look();
    const peakRss = highestRss(readFileSync(`/proc/${this.#pid}/status`, 'utf8'));
    return { peakRss, peakRssAnon: this.#rssAnon };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#rssAnon = Math.max(this.#rssAnon, usageOf(this.#pid).rssAnon);
  }
}

/** Reads `/proc/PID/status`. Throws if it has no such value. */
export function highestRss(status: string): number {
  const [, kB] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
  if (kB === undefined) throw new Error(`no VmHWM in ${status}`);
  return Number(kB) * 1024;
}
