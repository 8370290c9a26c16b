import type { Page } from './page.ts';

/** 200, or 503 and why the pod is not ready; `whyNot` is `undefined` when it is. `onReady` is called at each 200. */
export function readyPage(whyNot: () => string | undefined, onReady: () => void): Page {
  return (context) => {
    const reason = whyNot();
    if (reason === undefined) onReady();
    context.status = reason === undefined ? 200 : 503;
    context.body = reason === undefined ? '' : `${reason}\n`;
  };
}
