import { isIP } from 'node:net';
import {
  CAUSES,
  type Cause,
  type Outcome,
  type Probe,
  type Target,
  type Traits,
} from '../model.ts';
import { runSession, type Session, STRIDE } from '../stamp/sender.ts';
import { sessionStatistics } from '../stamp/statistics.ts';
import { fromUrlHost } from '../url-host.ts';
import { CheckClock } from './check-clock.ts';
import { failure } from './failure.ts';
import { readHostAndPort } from './host-and-port.ts';
import type { Kind, ProbeOptions } from './kind.ts';
import { errorEventOf, traitsOf } from './phases.ts';

const POSSIBLE_CAUSES: readonly Cause[] = ['unreachable', 'refused', 'mtu', 'other'];

const SOCKET_CAUSES: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
};

/** Checks of targets that reflect STAMP packets (RFC 8762): neighbours and routers. */
export const UDP: Kind = {
  form: 'udp://host:port',
  read: (text) => readHostAndPort('udp', text),
  traits: udpTraits,
  createProbe: createUdpProbe,
};

function udpTraits(url: URL): Traits {
  const traits = traitsOf(url, ['resolve', 'response']);
  const causes = new Set([...POSSIBLE_CAUSES, ...(traits.byName ? ['dns'] : [])]);
  return {
    ...traits,
    causes: CAUSES.filter((cause) => causes.has(cause)),
    code: 'ok',
    countsPackets: true,
  };
}

/** A probe that runs one session. It fails if no packet gets a reply, or no full-size one does. */
function createUdpProbe({ resolve, clocks }: ProbeOptions): Probe {
  return async (target, signal) => {
    const { url, neighbour } = target;
    const host = fromUrlHost(url.hostname);
    let address: string | undefined = host;
    let phase: 'resolve' | 'response' = 'resolve';
    using clock = new CheckClock(clocks);
    try {
      if (isIP(host) === 0) [address = host] = await resolve(host, signal);
      phase = 'response';
      return outcomeOf(target, await runSession(address, Number(url.port), signal, clock));
    } catch (error) {
      const failed = failure({ phase, url, peer: neighbour?.nodeName, error, tcp: undefined });
      const cause = socketCause(error as Error) ?? failed.cause;
      return { kind: 'failed', event: errorEventOf(phase), ...failed, cause, timings: {} };
    }
  };
}

function socketCause({ code }: NodeJS.ErrnoException): Cause | undefined {
  return SOCKET_CAUSES[code ?? ''];
}

function outcomeOf(target: Target, session: Session): Outcome {
  const { error, replies, sent, fullSize, losesFullSize } = session;
  const { host } = target.url;
  const isRefused = error?.code === 'ECONNREFUSED' && replies.length === 0;
  // Packets that are rejected are not lost.
  const udp = isRefused ? undefined : statisticsOf(target, session);
  const failed = (cause: Cause, why: string): Outcome => ({
    ...{ kind: 'failed', event: errorEventOf('response'), cause, timings: {}, udp },
    error: new Error(`sending UDP packets to ${host}: ${why}`, { cause: error }),
  });
  if (isRefused) return failed('refused', 'port closed (ECONNREFUSED)');
  if (replies.length === 0) {
    const cause = (error && socketCause(error)) ?? 'unreachable';
    return failed(cause, error?.message ?? `no reply to any of ${sent}`);
  }
  if (losesFullSize) {
    return failed(
      'mtu',
      `small packets get replies, those of ${fullSize} bytes do not: check the MTU`,
    );
  }
  return { kind: 'ok', code: 'ok', duration: median(udp?.rtts ?? []), timings: {}, udp };
}

/** Only neighbours are known to count their replies. */
function statisticsOf({ neighbour }: Target, { sent, replies }: Session) {
  return sessionStatistics(sent, replies, { isStateful: neighbour !== undefined, stride: STRIDE });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
