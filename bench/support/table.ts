import type { Spread } from './statistics.ts';

/** A table in Markdown: the first column is text, the others are numbers or as short. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [head, head.map((_, column) => (column === 0 ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Such as `1.23 (1.10 to 1.41)`: the median, and the least and the greatest. */
export function shownSpread({ median, least, greatest }: Spread, digits: number): string {
  const [middle, from, to] = [median, least, greatest].map((number) => number.toFixed(digits));
  return from === to ? `${middle}` : `${middle} (${from} to ${to})`;
}
