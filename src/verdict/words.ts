import type { Cause } from '../model.ts';

/** `node-1, node-2 and 7 more`. */
export function names(all: readonly string[], most = 5): string {
  if (all.length <= most) {
    const last = all.at(-1) ?? 'none';
    return all.length < 2 ? last : `${all.slice(0, -1).join(', ')} and ${last}`;
  }
  return `${all.slice(0, most).join(', ')} and ${whole(all.length - most)} more`;
}

const NATURAL = new Intl.Collator('en', { numeric: true });

/** The order in which people look for names: node-2 before node-10. */
export const byName = NATURAL.compare;

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A whole number as people read it: `1,000`. */
export function whole(number: number): string {
  return WHOLE.format(number);
}

/** `1 node`, `1,000 nodes`. */
export function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${whole(number)} ${noun}s`;
}

/** `2 of 1,000`, and with a noun `2 of 1,000 nodes`. */
export function outOf(part: number, all: number, noun?: string): string {
  return `${whole(part)} of ${noun === undefined ? whole(all) : count(all, noun)}`;
}

/** `node-2, node-10 and 7 more`, in the order of the names. */
export function nodeNames(nodes: readonly string[], most?: number): string {
  return names(nodes.toSorted(byName), most);
}

/** `zone a`, `zones a and b`. */
export function zoneNames(zones: readonly string[]): string {
  return `${zones.length === 1 ? 'zone' : 'zones'} ${nodeNames(zones)}`;
}

/** A time of day in UTC: `03:09 UTC`, with the date if it is more than a day from `now`. */
export function clock(unixSeconds: number, now: number): string {
  const text = new Date(unixSeconds * 1000).toISOString();
  const time = `${text.slice(11, 16)} UTC`;
  return Math.abs(now - unixSeconds) > 86_400 ? `${text.slice(0, 10)} ${time}` : time;
}

/**
 * A duration in seconds, rounded down: `4 s`, `25 min`, `3 h 10 min`, `2 d 4 h`. Must not refer to
 * anything outside: the page's script contains its source.
 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** Seconds in words: `3 ms`, `1.2 s`. */
export function latency(seconds: number): string {
  if (seconds >= 1) return `${seconds.toPrecision(2)} s`;
  const milliseconds = seconds * 1000;
  return `${milliseconds < 10 ? milliseconds.toPrecision(2) : Math.round(milliseconds)} ms`;
}

export function percent(share: number): string {
  return `${share < 0.1 ? (share * 100).toPrecision(2) : Math.round(share * 100)}%`;
}

const FAILURES: Readonly<Record<Cause, string>> = {
  unreachable: 'nothing responds',
  refused: 'connections are refused',
  packets_lost: 'packets are lost',
  mtu: 'large packets are lost, small ones arrive',
  hung: 'connections are accepted, but there is no response',
  reset: 'connections are reset',
  dns: 'the name cannot be resolved',
  tls: 'the TLS handshake fails',
  status: 'the response is an error status',
  other: 'checks fail',
};

/** What happens to a check that fails with this cause. */
export function failure(cause: Cause | null): string {
  return FAILURES[cause ?? 'other'];
}
