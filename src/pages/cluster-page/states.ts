import { CONFIRMED } from '../../verdict/evidence.ts';
import type { CheckReport } from '../../verdict/report.ts';
import { type Html, html } from './html.ts';

/** How a check, a component or a node is shown; each state has a class (colour) and a symbol. */
export type State = 'ok' | 'warn' | 'once' | 'fail' | 'unknown' | 'off';

const SYMBOLS: Readonly<Record<State, string>> = {
  ok: '✓',
  warn: '▲',
  once: '○',
  fail: '✕',
  unknown: '?',
  off: '–',
};

export function symbol(state: State): string {
  return SYMBOLS[state];
}

/** Coloured, and hidden from screen readers: the words beside it say the same. */
export function badge(state: State): Html {
  return html`<span class="badge ${state}" aria-hidden="true">${symbol(state)}</span>`;
}

/** As the verdict sees it: one failed check is not yet a failure. */
export function stateOf({ state, consecutive }: CheckReport): State {
  if (state === 'ok') return 'ok';
  if (state === 'pending') return 'unknown';
  return consecutive >= CONFIRMED ? 'fail' : 'once';
}

/** Worst first. */
export const BY_URGENCY: readonly State[] = ['fail', 'warn', 'unknown', 'once', 'ok', 'off'];
