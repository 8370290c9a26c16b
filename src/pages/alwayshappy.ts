import type { RawPage } from './page.ts';

/** The header by which a neighbour says who it is (the contract). */
export const ORIGIN_HEADER = 'KUBENURSE-NEIGHBOUR-ORIGIN';

/** The most bytes that a response has: as many as a request's head may (`maxHeaderSize`). */
const MAX_BODY = 24 * 1024;

/** What a response's body is made of. */
const FILLER = 'x'.repeat(MAX_BODY);

/**
 * 200 and nothing else; a neighbour that says who it is counts as a caller, and one that pads its request gets a body as
 * long as that. What this takes, neighbours measure.
 */
export function alwaysHappyPage(
  incomingChecks: { record: (name: string) => void },
  paddingHeader: string,
): RawPage {
  const header = ORIGIN_HEADER.toLowerCase();
  const padding = paddingHeader.toLowerCase();
  return {
    respond: (fields) => {
      const origin = fields[header];
      if (typeof origin === 'string' && origin !== '') incomingChecks.record(origin);
      const requested = fields[padding];
      const length = typeof requested === 'string' ? requested.length : 0;
      return { status: 200, body: FILLER.slice(0, length) };
    },
  };
}
