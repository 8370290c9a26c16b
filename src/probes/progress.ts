import type { Phase, TraceEvent } from '../probe.ts';

/** How far one request has come. Its clock starts with the first event, when all that it takes of ours is ready. */
export class Progress {
  phase: Phase = 'resolve';
  readonly timings: { [event in TraceEvent]?: number } = {};
  #start: number | undefined;

  /** When its clock started, in milliseconds of `performance.now()`; now, as long as it has not. */
  get start(): number {
    return this.#start ?? performance.now();
  }

  /** Notes the moment, in seconds since the start. What happens again is not noted again. */
  reached(event: TraceEvent): void {
    const now = performance.now();
    this.#start ??= now;
    this.timings[event] ??= (now - this.#start) / 1000;
  }
}
