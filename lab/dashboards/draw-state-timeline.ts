import { drawTimeAxis, timeScale } from './axes.ts';
import type { PanelData } from './panel-data.ts';
import type { Range } from './prometheus-api.ts';
import { type Box, fitted, rect, text, widthOf } from './svg.ts';
import { colorOf } from './thresholds.ts';

const TIME_AXIS = 18;
const MAX_BAND = 26;

/** A band for each series, coloured by its value at each time. */
export function drawStateTimeline({ panel, series }: PanelData, box: Box, range: Range): string[] {
  const steps = panel.fieldConfig?.defaults.thresholds?.steps ?? [];
  const left = Math.min(130, Math.max(40, ...series.map(({ name }) => widthOf(name) + 14)));
  const plot = {
    x: box.x + left,
    y: box.y + 4,
    width: box.width - left - 20,
    height: box.height - TIME_AXIS - 8,
  };
  const place = timeScale(plot, range);
  const band = Math.min(MAX_BAND, plot.height / Math.max(1, series.length));
  const bands = series.flatMap(({ name, points }, index) => {
    const y = plot.y + index * band;
    const parts = sameColor(points, steps, range.step).map(({ start, end, color }) => {
      const x = place(start);
      const width = Math.min(place(end), plot.x + plot.width) - x;
      return rect({ x, y: y + band * 0.1, width, height: band * 0.8 }, color);
    });
    const label = fitted(name, left - 10);
    return [text(plot.x - 6, y + band / 2 + 4, label, { anchor: 'end' }), ...parts];
  });
  return [...drawTimeAxis(plot, range), ...bands];
}

type Stretch = { start: number; end: number; color: string };

function sameColor(
  points: PanelData['series'][number]['points'],
  steps: Parameters<typeof colorOf>[1],
  step: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  for (const [time, value] of points) {
    if (Number.isNaN(value)) continue;
    const color = colorOf(value, steps);
    const last = stretches.at(-1);
    if (last?.color === color && time - last.end < step / 2) last.end = time + step;
    else stretches.push({ start: time, end: time + step, color });
  }
  return stretches;
}
