import { MAX_HEAD } from './request-guard.ts';

/** A request's path, and its header fields by lower-case name. */
export type PlainRequest = Readonly<{ path: string; fields: Readonly<Record<string, string>> }>;

const REQUEST_LINE = /^GET (\/[a-z]+) HTTP\/1\.1$/;

/**
 * A header line whose field is `Connection`, or affects neither where a request ends nor how to
 * respond to it, and whose value needs no decoding or trimming.
 */
const FIELD_LINE =
  /^(host|user-agent|accept|connection|kubenurse-(?:neighbour-origin|padding)): ([!-~](?:[ -~]*[!-~])?)$/i;

/**
 * Reads a request in the form that neighbours and kubelet send: a `GET` over HTTP/1.1 with nothing
 * after it, only the few known fields, each at most once, and `Connection: close`. Undefined for
 * any other request: node:http reads or rejects it.
 */
export function plainRequest(bytes: Buffer): PlainRequest | undefined {
  if (bytes.length > MAX_HEAD) return undefined;
  const [first = '', ...lines] = bytes.toString('latin1').split('\r\n');
  const path = REQUEST_LINE.exec(first)?.[1];
  // The blank line, and nothing after it.
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
