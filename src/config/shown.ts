import { printable } from '../printable.ts';

/** Maximum characters shown of a value. */
const MAX_SHOWN = 200;

/** Names whose values are secrets, anywhere in a text, such as `;token=x`. */
const SECRET = /([\w.-]*(?:token|key|secret|pass|auth|cred|sig)[\w.-]*\s*=\s*)[^&;,|\s]+/gi;

/**
 * The value of a variable as an error or a warning may show it, quoted and cut. Anything that may
 * be credentials is redacted: everything before an `@` except a URL's scheme, queries and
 * fragments, and values of names such as `token`.
 */
export function shown(text: string): string {
  return JSON.stringify(redactedText(text));
}

/** A URL as a log line may show it: as `shown()`, without quotes. */
export function redactedUrl({ href }: URL): string {
  return redactedText(href);
}

function redactedText(text: string): string {
  const [, scheme = '', rest = ''] = /^(\s*(?:[\w.+-]+:)*\/\/)?(.*)$/s.exec(text) ?? [];
  return printable(scheme + redacted(rest), MAX_SHOWN);
}

function redacted(text: string): string {
  const at = text.lastIndexOf('@');
  const query = text.search(/[?#]/);
  // A query with an @, or a password with a question mark: either part may hold secrets.
  if (query !== -1 && query < at) return '[redacted]';
  // Cut before the search, whose time grows with the square of the length.
  const host = text.slice(at + 1, query === -1 ? undefined : query + 1).slice(0, MAX_SHOWN);
  const user = at === -1 ? '' : '[redacted]@';
  return `${user}${host.replace(SECRET, '$1[redacted]')}${query === -1 ? '' : '[redacted]'}`;
}
