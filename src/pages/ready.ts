import type { Page } from './page.ts';

/** 200, or 503 and why the pod is not ready; `notReadyReason` is `undefined` when it is. `onReady` is called at each 200. */
export function readyPage(notReadyReason: () => string | undefined, onReady: () => void): Page {
  return (context) => {
    const reason = notReadyReason();
    if (reason === undefined) onReady();
    context.status = reason === undefined ? 200 : 503;
    context.body = reason === undefined ? '' : `${reason}\n`;
  };
}
