import type { CheckState } from './check-states.ts';
import { errorEvent, failureCause, type Outcome, resultText } from './model.ts';
import { printable } from './printable.ts';
import type { CheckReport, Component } from './verdict/report.ts';

/** Maximum length of a reported failure text in characters: parts of it come from the network. */
const MAX_TEXT = 300;

/**
 * With more checks than this, reports omit the last hour, which accounts for two thirds of their
 * size and of the time that they take.
 */
const MAX_WITH_HOUR = 200;

const COMPONENTS: ReadonlySet<string> = new Set<Component>([
  'api_server_direct',
  'api_server_dns',
  'me_ingress',
  'me_service',
]);

/** Checks whose last hour is reported: all, or those that failed within it. */
export type WhichHour = 'all' | 'failures';

/** What `/report` shows of each check, in the order of the states. */
export function checkReports(
  states: readonly CheckState[],
  hour: WhichHour = 'all',
): CheckReport[] {
  const which = states.length <= MAX_WITH_HOUR ? hour : 'none';
  const startedAt = Date.now() - performance.now();
  return states.map((state) => reportOf(state, startedAt, which));
}

/** `startedAt`: Unix time in milliseconds, by the current clock, when `performance.now()` was 0. */
function reportOf(
  { check, streak, history, certificates }: CheckState,
  startedAt: number,
  hour: WhichHour | 'none',
): CheckReport {
  const { type, role, target, byName } = check;
  const { neighbour } = target;
  const last = streak?.outcome;
  return {
    type,
    kind: kindOf(check),
    ...(neighbour ? { node: neighbour.nodeName, zone: neighbour.zone ?? '' } : {}),
    ...(role === 'suspect' ? { suspect: true } : {}),
    byName,
    state: last === undefined ? 'pending' : last.kind === 'ok' ? 'ok' : 'failing',
    since: streak === undefined ? null : Math.round(startedAt + streak.since) / 1000,
    lastAt: streak === undefined ? null : Math.round(startedAt + streak.lastAt) / 1000,
    consecutive: streak?.results ?? 0,
    ...failureOf(last),
    ...(certificates ? { certificateNotAfter: certificates } : {}),
    lastMinute: history.lastMinute(),
    ...lastHourOf(history, hour),
  };
}

function kindOf({ type, target, countsPackets }: CheckState['check']): CheckReport['kind'] {
  if (target.neighbour !== undefined) return countsPackets ? 'udp' : 'path';
  if (type.startsWith('dns_')) return 'name_server';
  return COMPONENTS.has(type) ? (type as Component) : 'extra';
}

function lastHourOf(
  history: CheckState['history'],
  which: WhichHour | 'none',
): Pick<CheckReport, 'lastHour'> {
  if (which === 'none') return {};
  const lastHour = history.lastHour();
  const isShown = which === 'all' || lastHour.minutes.some(([, failures]) => failures > 0);
  return isShown ? { lastHour } : {};
}

function failureOf(last: Outcome | undefined): Pick<CheckReport, 'cause' | 'event' | 'text'> {
  if (last === undefined || last.kind === 'ok') return { cause: null, event: null, text: null };
  return {
    cause: failureCause(last) ?? null,
    event: errorEvent(last) ?? null,
    text: printable(resultText(last), MAX_TEXT),
  };
}
