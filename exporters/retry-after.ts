import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** Published before the response reaches its request. */
const RESPONSE = 'http.client.response.finish';

/**
 * Until the returned function is called, removes any `Retry-After` (RFC 9110, 10.2.3) without a
 * wait from responses: the OTLP package would retry at once, up to five times, and make Node warn
 * of a negative timeout on standard error. Without the header it backs off.
 */
export function ignoreEmptyWaits(): () => void {
  const onResponse = (message: unknown) => {
    const { headers } = (message as { response: IncomingMessage }).response;
    const wait = headers['retry-after'];
    if (wait !== undefined && !isWait(wait)) delete headers['retry-after'];
  };
  subscribe(RESPONSE, onResponse);
  return () => unsubscribe(RESPONSE, onResponse);
}

/** Seconds or a date, parsed as the package does. */
function isWait(value: string): boolean {
  const seconds = Number.parseInt(value, 10);
  return Number.isInteger(seconds) ? seconds > 0 : Date.parse(value) > Date.now();
}
