import type { Range } from './prometheus-api.ts';
import { type Box, line, text } from './svg.ts';
import { inUnit } from './units.ts';

const GRID = '#e5e7ea';
const FAINT = '#6b7280';
const MINUTE = 60;
const LABEL_WIDTH = 44;

/** Maps a time to its place from left to right. */
export function timeScale({ x, width }: Box, { start, end }: Range): (time: number) => number {
  return (time) => x + ((time - start) / (end - start)) * width;
}

/** Draws a line every few minutes, and below each how many minutes have passed. */
export function drawTimeAxis(box: Box, range: Range): string[] {
  const place = timeScale(box, range);
  const bottom = box.y + box.height;
  const minutes = (range.end - range.start) / MINUTE;
  const step = Math.ceil((LABEL_WIDTH * minutes) / box.width);
  return Array.from({ length: Math.floor(minutes / step) + 1 }, (_, index) => {
    const minute = index * step;
    const x = place(range.start + minute * MINUTE);
    return [
      line([x, box.y], [x, bottom], GRID),
      text(x, bottom + 13, `${minute} min`, { size: 10, color: FAINT, anchor: 'middle' }),
    ];
  }).flat();
}

/** Lines at round values up to `most`, with their values to the left. */
export function drawValueAxis(box: Box, most: number, unit: string): string[] {
  const step = roundStep(most / 4, unit);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => {
    const y = box.y + box.height * (1 - (index * step) / most);
    const value = inUnit(index * step, unit);
    return [
      line([box.x, y], [box.x + box.width, y], GRID),
      text(box.x - 5, y + 4, value, { size: 10, color: FAINT, anchor: 'end' }),
    ];
  }).flat();
}

/** 1, 2, 2.5 or 5 times a power of ten (for bytes, a power of two), and at least this. */
function roundStep(least: number, unit: string): number {
  if (unit === 'bytes') return 2 ** Math.ceil(Math.log2(least));
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 2.5, 5].find((factor) => factor * power >= least) ?? 10);
}
