import type { Dashboard } from './dashboard-file.ts';
import { drawStat } from './draw-stat.ts';
import { drawStateTimeline } from './draw-state-timeline.ts';
import { drawTable } from './draw-table.ts';
import { drawTimeSeries } from './draw-time-series.ts';
import { ALL, dataOf, type PanelData } from './panel-data.ts';
import type { Range } from './prometheus-api.ts';
import { type Box, fitted, page, rect, text } from './svg.ts';
import type { Values } from './variables.ts';

const WIDTH = 1_440;
const COLUMNS = 24;
const UNIT_HEIGHT = 30;
const HEAD = 46;
const GAP = 4;
const TITLE = 26;

/** Draws a dashboard as it is at the end of the range, as an SVG. Throws if a query fails. */
export async function drawDashboard(
  dashboard: Dashboard,
  prometheus: string,
  values: Values,
  range: Range,
): Promise<string> {
  const chosen = ['cluster', 'job', 'node', 'type']
    .filter((name) => values[name] !== undefined)
    .map((name) => `${name}: ${values[name] === ALL ? 'All' : values[name] || 'None'}`);
  const parts = [
    text(12, 30, dashboard.title, { size: 18, bold: true }),
    text(WIDTH - 12, 30, chosen.join(' · '), { size: 13, anchor: 'end' }),
  ];
  let height = 0;
  for (const panel of dashboard.panels) {
    const box = boxOf(panel.gridPos);
    height = Math.max(height, box.y + box.height);
    parts.push(...drawPanel(await dataOf(panel, prometheus, values, range), box, range));
  }
  return page(WIDTH, height + 2 * GAP, parts);
}

function boxOf({ x, y, w, h }: Dashboard['panels'][number]['gridPos']): Box {
  const column = WIDTH / COLUMNS;
  return {
    x: x * column + GAP,
    y: HEAD + y * UNIT_HEIGHT + GAP,
    width: w * column - 2 * GAP,
    height: h * UNIT_HEIGHT - 2 * GAP,
  };
}

function drawPanel(data: PanelData, box: Box, range: Range): string[] {
  const { panel, title, series } = data;
  if (panel.type === 'row') {
    return [text(box.x + 8, box.y + 17, title, { size: 14, bold: true })];
  }
  const inner = { ...box, y: box.y + TITLE, height: box.height - TITLE };
  const frame = [
    rect(box, '#ffffff', '#d8dadd'),
    text(box.x + 10, box.y + 18, fitted(title, box.width - 16, 12), { size: 12, bold: true }),
  ];
  if (series.length === 0) {
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2 + 8];
    return [...frame, text(x, y, 'No data', { anchor: 'middle', color: '#6b7280' })];
  }
  return [...frame, ...drawData(data, inner, range)];
}

function drawData(data: PanelData, box: Box, range: Range): string[] {
  switch (data.panel.type) {
    case 'stat':
      return drawStat(data, box);
    case 'table':
      return drawTable(data, box);
    case 'timeseries':
      return drawTimeSeries(data, box, range);
    case 'state-timeline':
      return drawStateTimeline(data, box, range);
    default:
      throw new Error(`${data.title}: cannot draw ${data.panel.type}`);
  }
}
