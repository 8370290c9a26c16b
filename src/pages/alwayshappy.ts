import type { PlainPage } from './page.ts';

/** The header by which a neighbour says who it is (the contract). */
export const ORIGIN_HEADER = 'KUBENURSE-NEIGHBOUR-ORIGIN';

const NOTHING = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': '0' };

/** 200 and nothing else; a neighbour that says who it is counts as a caller. What this takes, neighbours measure. */
export function alwaysHappyPage(callers: { saw: (name: string) => void }): PlainPage {
  const header = ORIGIN_HEADER.toLowerCase();
  return {
    answer: (request, response) => {
      const origin = request.headers[header];
      if (typeof origin === 'string' && origin !== '') callers.saw(origin);
      response.writeHead(200, NOTHING).end();
    },
  };
}
