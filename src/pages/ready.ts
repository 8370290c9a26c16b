import type { RawPage } from './page.ts';

/**
 * Responds with 200, or with 503 and the reason why the pod is not ready. `notReadyReason` returns
 * `undefined` if it is. Calls `onReady` at each 200.
 */
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
