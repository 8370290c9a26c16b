import type { DnsResponse } from './dns-message.ts';

/** The error codes of `node:dns` by response code (RFC 1035, 4.1.1). */
const CODES: Readonly<Record<number, string>> = {
  0: 'ENODATA',
  1: 'EFORMERR',
  2: 'ESERVFAIL',
  3: 'ENOTFOUND',
  4: 'ENOTIMP',
  5: 'EREFUSED',
};

/** The error code for a response without a record. */
export function codeOfResponse({ rcode }: DnsResponse): string {
  return CODES[rcode] ?? 'EBADRESP';
}

/** Throws unless the response succeeded and has a record, or is truncated and so may have one. */
export function requireRecord(response: DnsResponse): void {
  const { rcode, isTruncated, records } = response;
  if (rcode === 0 && (records.length > 0 || isTruncated)) return;
  throw Object.assign(new Error(`response code ${rcode}`), { code: codeOfResponse(response) });
}
