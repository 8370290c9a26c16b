import type { RawPage } from './page.ts';

/** 200, or 503 and why the pod is not ready; `notReadyReason` is `undefined` when it is. `onReady` is called at each 200. */
export function readyPage(notReadyReason: () => string | undefined, onReady: () => void): RawPage {
  return {
    respond: () => {
      const reason = notReadyReason();
      if (reason !== undefined) return { status: 503, body: `${reason}\n` };
      onReady();
      return { status: 200, body: '' };
    },
  };
}
