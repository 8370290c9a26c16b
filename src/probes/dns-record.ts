import type { DnsResponse } from './dns-message.ts';

/** The codes of errors by the response code (RFC 1035, 4.1.1), as `node:dns` has them. */
const CODES: Readonly<Record<number, string>> = {
  0: 'ENODATA',
  1: 'EFORMERR',
  2: 'ESERVFAIL',
  3: 'ENOTFOUND',
  4: 'ENOTIMP',
  5: 'EREFUSED',
};

/** The code of the error that a response without a record is. */
export function codeOfResponse({ rcode }: DnsResponse): string {
  return CODES[rcode] ?? 'EBADRESP';
}

/** Throws where the response has no record, and does not say either that there may be one. */
export function requireRecord(response: DnsResponse): void {
  const { rcode, isTruncated, records } = response;
  if (rcode === 0 && (records.length > 0 || isTruncated)) return;
  throw Object.assign(new Error(`response code ${rcode}`), { code: codeOfResponse(response) });
}
