import type { Phase, TraceEvent } from '../probe.ts';

/** How far one request has come. Its clock starts when it is made. */
export class Progress {
  phase: Phase = 'resolve';
  readonly timings: { [event in TraceEvent]?: number } = {};
  readonly #start = performance.now();

  /** Notes the moment, in seconds since the start. */
  reached(event: TraceEvent): void {
    this.timings[event] = (performance.now() - this.#start) / 1000;
  }
}
