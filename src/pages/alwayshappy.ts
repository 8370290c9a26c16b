import type { RawPage } from './page.ts';

/** The header in which a neighbour identifies itself (the contract). */
export const ORIGIN_HEADER = 'KUBENURSE-NEIGHBOUR-ORIGIN';

/** Maximum length of a response's body, in bytes: that of a request's head (`maxHeaderSize`). */
const MAX_BODY = 24 * 1024;

/** Response bodies are cut from this. */
const FILLER = 'x'.repeat(MAX_BODY);

/**
 * Responds with 200 and nothing else. A neighbour that identifies itself counts as a caller, and
 * one that pads its request gets a body as long as the padding. Neighbours measure how long this
 * takes.
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
