import { drawTimeAxis, drawValueAxis, timeScale } from './axes.ts';
import type { Named, PanelData } from './panel-data.ts';
import type { Range } from './prometheus-api.ts';
import { type Box, colorOfLine, path, rect, text, widthOf } from './svg.ts';

type Point = readonly [time: number, value: number];

const LEFT = 52;
const TIME_AXIS = 18;
const LEGEND_LINE = 15;
const LEGEND_LINES = 3;

/** Lines over time, or stacked areas, with their names below. */
export function drawTimeSeries({ panel, series }: PanelData, box: Box, range: Range): string[] {
  const { unit = 'short', custom } = panel.fieldConfig?.defaults ?? {};
  const stacked = custom?.stacking?.mode === 'normal';
  const shown = series.map((each) => ({ ...each, points: finite(each.points) }));
  const lines = stacked ? onTopOfEachOther(shown) : shown;
  const legend = drawLegend(lines, box);
  const plot = {
    x: box.x + LEFT,
    y: box.y + 6,
    width: box.width - LEFT - 20,
    height: box.height - 6 - TIME_AXIS - legend.height,
  };
  const greatest = Math.max(0, ...lines.flatMap(({ points }) => points.map(([, value]) => value)));
  const most = greatest > 0 ? greatest * 1.08 : 1;
  const placeTime = timeScale(plot, range);
  const place = ([time, value]: Point) =>
    [placeTime(time), plot.y + plot.height * (1 - value / most)] as const;
  const drawn = lines.flatMap(({ points }, index) => {
    const color = colorOfLine(index);
    return withoutGaps(points, range.step).map((part) => {
      const below = stacked ? lines[index - 1] : undefined;
      if (!stacked) return path(part.map(place), color);
      const floor = part.map(([time]) => [time, valueAt(below, time)] as const);
      return path([...part.map(place), ...floor.reverse().map(place)], color, true);
    });
  });
  return [
    ...drawTimeAxis(plot, range),
    ...drawValueAxis(plot, most, unit),
    ...drawn,
    ...legend.parts,
  ];
}

function finite(points: readonly Point[]): Point[] {
  return points.filter(([, value]) => Number.isFinite(value));
}

function valueAt(series: Named | undefined, time: number): number {
  return series?.points.find(([each]) => each === time)?.[1] ?? 0;
}

function onTopOfEachOther(series: readonly Named[]): Named[] {
  const sums = new Map<number, number>();
  return series.map((each) => ({
    ...each,
    points: each.points.map(([time, value]) => {
      const sum = (sums.get(time) ?? 0) + value;
      sums.set(time, sum);
      return [time, sum] as const;
    }),
  }));
}

/** The stretches without missing points. */
function withoutGaps(points: readonly Point[], step: number): Point[][] {
  const parts: Point[][] = [];
  for (const point of points) {
    const part = parts.at(-1);
    const last = part?.at(-1);
    if (part !== undefined && last !== undefined && point[0] - last[0] <= step * 1.5)
      part.push(point);
    else parts.push([point]);
  }
  return parts;
}

/** The names, line by line at the bottom; those beyond three lines are omitted. */
function drawLegend(series: readonly Named[], box: Box): { height: number; parts: string[] } {
  const lines: { name: string; index: number; x: number }[][] = [[]];
  let x = 0;
  for (const [index, { name }] of series.entries()) {
    const width = widthOf(name, 10) + 26;
    if (x > 0 && x + width > box.width - 20) {
      lines.push([]);
      x = 0;
    }
    lines.at(-1)?.push({ name, index, x });
    x += width;
  }
  const shown = lines.slice(0, LEGEND_LINES);
  const height = shown.length * LEGEND_LINE + 4;
  const parts = shown.flatMap((names, row) => {
    const y = box.y + box.height - height + (row + 1) * LEGEND_LINE - 3;
    return names.flatMap((each) => [
      rect({ x: box.x + 12 + each.x, y: y - 5, width: 10, height: 3 }, colorOfLine(each.index)),
      text(box.x + 26 + each.x, y, each.name, { size: 10 }),
    ]);
  });
  return { height, parts };
}
