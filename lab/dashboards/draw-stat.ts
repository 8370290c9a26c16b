import type { PanelData } from './panel-data.ts';
import { type Box, rect, text } from './svg.ts';
import { colorOf } from './thresholds.ts';
import { inUnit } from './units.ts';

/** One big number on a background of its colour. */
export function drawStat({ panel, series }: PanelData, box: Box): string[] {
  const value = series[0]?.points.at(-1)?.[1];
  const { unit = 'short', thresholds } = panel.fieldConfig?.defaults ?? {};
  const color = value === undefined ? '#ffffff' : colorOf(value, thresholds?.steps ?? []);
  const shown = value === undefined ? 'No data' : inUnit(value, unit);
  const middle = box.y + box.height / 2;
  return [
    rect(box, color),
    text(box.x + box.width / 2, middle + 11, shown, { size: 32, anchor: 'middle', bold: true }),
  ];
}
