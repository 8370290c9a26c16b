import { CAUSES, type Cause, type Traits } from '../model.ts';

/** The steps of an attempt over TCP, in order. */
export type Phase = 'resolve' | 'connect' | 'handshake' | 'request' | 'response';

/** The error event of each phase (the contract). */
const ERROR_EVENTS: Readonly<Record<Phase, string>> = {
  resolve: 'dns_done',
  connect: 'connect_done',
  handshake: 'tls_handshake_done',
  request: 'wrote_request',
  response: 'round_trip_error',
};

const SILENCE = ['packets_lost', 'mtu', 'hung', 'reset', 'other'] as const;

const POSSIBLE_CAUSES: Readonly<Record<Phase, readonly Cause[]>> = {
  resolve: ['dns'],
  connect: ['unreachable', 'refused', 'reset', 'other'],
  handshake: ['tls', ...SILENCE],
  request: SILENCE,
  response: SILENCE,
};

/**
 * How long the next check of a round waits for the previous one, in milliseconds. Concurrent checks
 * would measure the probe's own queue, and TLS takes longer to compute (measured: p99 is half that
 * of a burst). A check that exceeds this no longer holds up the round, and runs last from then on.
 */
const PACING_MS = { plain: 5, tls: 25 };

/** The metric label `event` of a failure in this phase. */
export function errorEventOf(phase: Phase): string {
  return ERROR_EVENTS[phase];
}

/**
 * What is known about a check whose attempts go through these phases, without `resolve` if the host
 * is an address.
 */
export function traitsOf(
  { hostname }: URL,
  phases: readonly Phase[],
): Pick<Traits, 'byName' | 'errorEvents' | 'causes' | 'pacing' | 'countsPackets'> {
  const byName = !isAddress(hostname);
  const reached = phases.filter((phase) => phase !== 'resolve' || byName);
  const causes = new Set(reached.flatMap((phase) => POSSIBLE_CAUSES[phase]));
  return {
    byName,
    errorEvents: reached.map(errorEventOf),
    causes: CAUSES.filter((cause) => causes.has(cause)),
    pacing: phases.includes('handshake') ? PACING_MS.tls : PACING_MS.plain,
    countsPackets: false,
  };
}

/** Whether the host of a URL is an IP address, so that no name has to be resolved. */
function isAddress(hostname: string): boolean {
  return /^[\d.]+$|^\[/.test(hostname);
}
