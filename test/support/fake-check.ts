import type { Check, Outcome, Probe, Signal, Timings } from '../../src/model.ts';
import { httpTraits } from '../../src/probes/http.ts';
import { errorEventOf, type Phase } from '../../src/probes/phases.ts';

/** A target responds with 200. `seconds`: until its response was received. */
export function ok(timings: Timings = {}, seconds = 0.002): Outcome {
  const tcp = { handshakeRtt: 0.0005, segmentsSent: 5, segmentsRetransmitted: 0 };
  return { kind: 'ok', code: '200', duration: seconds, timings, tcp };
}

/** A target responds with another status. `seconds`: until its response was received. */
export function unexpectedStatus(status: number, reason = '', seconds = 0.002): Outcome {
  return {
    kind: 'failed',
    event: `status_code_${status}`,
    cause: 'status',
    error: new Error(`${status} ${reason}`.trim()),
    code: String(status),
    duration: seconds,
    timings: {},
  };
}

/** A target does not respond. */
export function failed(phase: Phase, message = 'connection refused', timings: Timings = {}) {
  return {
    kind: 'failed',
    event: errorEventOf(phase),
    cause: 'refused',
    error: new Error(message),
    timings,
  } satisfies Outcome;
}

/** A check that succeeds, unless specified otherwise. */
export function fakeCheck(
  type: string,
  {
    url = 'http://127.0.0.1:8080/',
    statuses = [],
    ...rest
  }: Partial<Check> & { url?: string; statuses?: readonly number[] } = {},
): Check {
  const target = { url: new URL(url) };
  return {
    ...httpTraits(target.url, statuses),
    key: type,
    type,
    target,
    probe: async () => ok(),
    ...rest,
  };
}

/** One attempt of a check; the test may end it. */
export type Attempt = { at: number; signal: Signal; resolve: (outcome: Outcome) => void };

/** A probe that records each attempt, and resolves when the test does or the signal aborts. */
export function hangingProbe(): { probe: Probe; attempts: Attempt[] } {
  const attempts: Attempt[] = [];
  const probe: Probe = (_, signal) =>
    new Promise((resolve) => {
      attempts.push({ at: performance.now(), signal, resolve });
      signal.addEventListener('abort', () => resolve(failed('connect', signal.reason.message)));
    });
  return { probe, attempts };
}

/** A probe that records when it is called, and returns this many milliseconds later. */
export function respondingProbe(
  milliseconds: number,
  outcome: Outcome = ok(),
): { probe: Probe; calledAt: number[] } {
  const calledAt: number[] = [];
  const probe: Probe = async () => {
    calledAt.push(performance.now());
    if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return outcome;
  };
  return { probe, calledAt };
}
