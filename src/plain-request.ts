import { MAX_HEAD } from './request-guard.ts';

/** A request's path, and its fields by name in lower case. */
export type PlainRequest = Readonly<{ path: string; fields: Readonly<Record<string, string>> }>;

const REQUEST_LINE = /^GET (\/[a-z]+) HTTP\/1\.1$/;

/**
 * A line with one of the fields that say nothing of where a request ends or how to respond to it, or with `Connection`, and
 * a value that needs no decoding and no trimming.
 */
const FIELD_LINE =
  /^(host|user-agent|accept|connection|kubenurse-(?:neighbour-origin|padding)): ([!-~](?:[ -~]*[!-~])?)$/i;

/**
 * Reads a request as neighbours and kubelet send it: a `GET` over HTTP/1.1 that is all there is, of few known fields, each of
 * them once, that wants its connection closed. Undefined for whatever else: how it is read, or rejected, is left to node:http.
 */
export function plainRequest(bytes: Buffer): PlainRequest | undefined {
  if (bytes.length > MAX_HEAD) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1').split('\r\n');
  const path = REQUEST_LINE.exec(first)?.[1];
  // The blank line, and nothing behind it.
  if (path === undefined || lines.pop() !== '' || lines.pop() !== '') return undefined;
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [, name = '', value] = FIELD_LINE.exec(line) ?? [];
    const key = name.toLowerCase();
    if (value === undefined || fields[key] !== undefined) return undefined;
    fields[key] = value;
  }
  return fields.host !== undefined && fields.connection === 'close' ? { path, fields } : undefined;
}
