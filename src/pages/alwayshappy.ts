import type { RawPage } from './page.ts';

/** The header by which a neighbour says who it is (the contract). */
export const ORIGIN_HEADER = 'KUBENURSE-NEIGHBOUR-ORIGIN';

/** The most bytes that a response has: as many as a request's head may (`maxHeaderSize`). */
const MAX_BODY = 24 * 1024;

const NOTHING = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '0' };

/** What a response's body is made of. */
const FILLER = Buffer.alloc(MAX_BODY, 'x');

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
    rawHandler: (request, response) => {
      const origin = request.headers[header];
      if (typeof origin === 'string' && origin !== '') incomingChecks.record(origin);
      const requested = request.headers[padding];
      if (typeof requested !== 'string') {
        response.writeHead(200, NOTHING).end();
        return;
      }
      const body = FILLER.subarray(0, requested.length);
      response.writeHead(200, { ...NOTHING, 'Content-Length': body.length }).end(body);
    },
  };
}
