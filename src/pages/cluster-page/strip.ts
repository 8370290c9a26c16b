import { type Hour, isMany, MINUTES, shares } from './hour.ts';
import { type Html, html, trusted } from './html.ts';

const HEIGHT = 24;
/** The width of a bar; a minute is 10 units wide. */
const BAR = 8;

/** The minimum height of a bar: one failure in thousands is still visible. */
const LOWEST = 2;

/**
 * The last hour as bars, the share of failed checks by minute: pale if that may be chance, a thin
 * line if none failed, nothing if there were no checks. Hidden from screen readers: the words
 * beside it say the same. No `style`, which the policy forbids.
 */
export function strip(hour: Hour): Html {
  const bars = { fine: '', few: '', failed: '' };
  for (const [index, share] of shares(hour).entries()) {
    if ((hour.checks[index] ?? 0) === 0) continue;
    const kind = share === 0 ? 'fine' : isMany(hour, index) ? 'failed' : 'few';
    bars[kind] += bar(index, share === 0 ? 1 : heightOf(share));
  }
  return html`<svg class="strip" viewBox="0 0 ${MINUTES * 10} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${Object.entries(bars).map(([kind, d]) => html`<path class="${kind}" d="${trusted(d)}"/>`)}</svg>`;
}

/** By the square root, so that one percent is visible beside a hundred. */
function heightOf(share: number): number {
  return Math.max(LOWEST, Math.round(HEIGHT * Math.sqrt(Math.min(1, share))));
}

function bar(index: number, height: number): string {
  return `M${index * 10 + 1} ${HEIGHT}v-${height}h${BAR}v${height}z`;
}
