import type { Page } from './page.ts';

/** The header by which a neighbour says who it is (the contract). */
export const ORIGIN_HEADER = 'KUBENURSE-NEIGHBOUR-ORIGIN';

/** 200 and nothing else; a neighbour that says who it is counts as a caller. */
export function alwaysHappyPage(callers: { saw: (name: string) => void }): Page {
  return (context) => {
    const origin = context.get(ORIGIN_HEADER);
    if (origin !== '') callers.saw(origin);
    context.body = '';
  };
}
