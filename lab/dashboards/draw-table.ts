import type { PanelData } from './panel-data.ts';
import { type Box, fitted, line, rect, text } from './svg.ts';
import { rowsOf } from './table-rows.ts';

const LINE = 24;
const PADDING = 8;

/** Header and lines; if they do not fit, also how many more there are. */
export function drawTable(data: PanelData, box: Box): string[] {
  const { header, lines } = rowsOf(data);
  const width = (box.width - 2 * PADDING) / Math.max(1, header.length);
  const left = (column: number) => box.x + PADDING + column * width;
  const fit = Math.floor(box.height / LINE) - 1;
  const shown = lines.length <= fit ? lines : lines.slice(0, fit - 1);
  const parts = header.map((title, column) =>
    text(left(column) + 6, box.y + 16, fitted(title, width - 8), { bold: true, color: '#3b5bdb' }),
  );
  for (const [index, cells] of shown.entries()) {
    const y = box.y + (index + 1) * LINE;
    parts.push(line([box.x + PADDING, y], [box.x + box.width - PADDING, y], '#e5e7ea'));
    for (const [column, cell] of cells.entries()) {
      const x = left(column);
      if (cell.color !== undefined) {
        parts.push(rect({ x: x + 1, y: y + 1, width: width - 2, height: LINE - 2 }, cell.color));
      }
      parts.push(text(x + 6, y + 16, fitted(cell.text, width - 8)));
    }
  }
  if (shown.length < lines.length) {
    const y = box.y + (shown.length + 1) * LINE + 16;
    parts.push(
      text(left(0) + 6, y, `and ${lines.length - shown.length} more`, { color: '#6b7280' }),
    );
  }
  return parts;
}
