import type { ResponseHead } from './response.ts';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * In bytes, as many as servers accept of a URL. URLs are parsed in a time that grows with the square of a host's length: 13 ms
 * for one of this length, 0.1 s for one twice as long (measured).
 */
const MAX_LOCATION_BYTES = 8_192;

/** Where the response redirects to; `undefined` if it does not. Throws where that is no http or https URL, or too long a one. */
export function redirectedTo({ status, headers }: ResponseHead, from: URL): URL | undefined {
  const location = headers.get('location');
  // An empty one is none, to Go.
  if (!REDIRECTS.has(status) || !location) return undefined;
  if (location.length > MAX_LOCATION_BYTES) {
    throw new Error(
      `a redirect to a URL of more than ${MAX_LOCATION_BYTES} bytes (status ${status})`,
    );
  }
  const next = URL.parse(percentEncoded(location), from.href);
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:') {
    throw new Error(`a redirect to a URL that is neither http nor https (status ${status})`);
  }
  return next;
}

/** Bytes beyond ASCII as a URL has them, whatever their encoding; `text` has a character for each. */
function percentEncoded(text: string): string {
  return text.replace(/[\x80-\xff]/g, (byte) =>
    `%${byte.charCodeAt(0).toString(16)}`.toUpperCase(),
  );
}

/**
 * Whether a redirect may be sent what the target itself was sent: where it leads to the same host or one below it, as Go
 * has it (`shouldCopyHeaderOnRedirect`), but, other than there, not from https to http.
 */
export function mayReceiveSecrets(next: URL, target: URL): boolean {
  if (target.protocol === 'https:' && next.protocol !== 'https:') return false;
  const [host, parent] = [next.hostname, target.hostname];
  return host === parent || host.endsWith(`.${parent}`);
}
