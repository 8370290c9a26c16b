import type { Page } from './page.ts';

/** 200, or 503 and why we are not ready; `whyNot` is `undefined` when we are. */
export function readyPage(whyNot: () => string | undefined): Page {
  return (context) => {
    const reason = whyNot();
    context.status = reason === undefined ? 200 : 503;
    context.body = reason === undefined ? '' : `${reason}\n`;
  };
}
