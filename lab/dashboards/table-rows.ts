import type { Override, Panel, Threshold } from './dashboard-file.ts';
import type { Named, PanelData } from './panel-data.ts';
import { colorOf } from './thresholds.ts';
import { inUnit } from './units.ts';

/** `color`: only if the cell has its own. */
export type Cell = Readonly<{ text: string; value?: number; color?: string }>;

/** What a table shows: its header, and the cells of each line. */
export type Rows = Readonly<{ header: readonly string[]; lines: readonly (readonly Cell[])[] }>;

const EMPTY: Cell = { text: '' };

/** As Grafana's transformations make them: `groupingToMatrix`, or `merge` and `organize`. */
export function rowsOf({ panel, series }: PanelData): Rows {
  const matrix = panel.transformations?.find(({ id }) => id === 'groupingToMatrix');
  if (matrix === undefined) return merged(panel, series);
  const { rowField, columnField } = matrix.options;
  return grouped(panel, series, `${rowField}`, `${columnField}`);
}

/** A line for each value of one label, and a column for each value of the other. */
function grouped(panel: Panel, series: readonly Named[], row: string, column: string): Rows {
  const { unit = 'short', thresholds } = panel.fieldConfig?.defaults ?? {};
  const valuesOf = (label: string) => [...new Set(series.map(({ labels }) => labels[label] ?? ''))];
  const columns = valuesOf(column);
  const cellAt = (name: string, each: string): Cell => {
    const found = series.find(({ labels }) => labels[row] === name && labels[column] === each);
    const value = found?.points[0]?.[1];
    if (value === undefined || Number.isNaN(value)) return EMPTY;
    return { text: inUnit(value, unit), value, color: colorOf(value, thresholds?.steps ?? []) };
  };
  const lines = valuesOf(row).map((name) => [
    { text: name },
    ...columns.map((each) => cellAt(name, each)),
  ]);
  return { header: [row, ...columns], lines };
}

/** A line for each set of labels, with the value of each query. */
function merged(panel: Panel, series: readonly Named[]): Rows {
  const columns = panel.fieldConfig?.overrides ?? [];
  const valueField = (refId: string) => (panel.targets?.length === 1 ? 'Value' : `Value #${refId}`);
  const sameLabels = Map.groupBy(series, ({ labels }) =>
    JSON.stringify(Object.entries(labels).sort()),
  );
  const lines = [...sameLabels.values()].map((group) => {
    const values = group.map(({ refId, points }) => [valueField(refId), points[0]?.[1]] as const);
    const fields = new Map<string, string | number | undefined>([
      ...Object.entries(group[0]?.labels ?? {}),
      ...values,
    ]);
    return columns.map((column) => cellOf(column, fields.get(column.matcher.options)));
  });
  const header = columns.map((column) => `${property(column, 'displayName')}`);
  const sorted = header.indexOf(panel.options?.sortBy?.[0]?.displayName ?? '');
  const rank = (cells: readonly Cell[]) => cells[sorted]?.value ?? Number.NEGATIVE_INFINITY;
  return { header, lines: sorted < 0 ? lines : lines.toSorted((a, b) => rank(b) - rank(a)) };
}

function cellOf(column: Override, field: string | number | undefined): Cell {
  if (typeof field === 'string') return { text: field };
  if (field === undefined || Number.isNaN(field)) return EMPTY;
  const steps = property(column, 'thresholds') as { steps: readonly Threshold[] } | undefined;
  const mappings = property(column, 'mappings') as
    | readonly { options: Readonly<Record<string, { text: string }>> }[]
    | undefined;
  const text =
    mappings?.[0]?.options[`${field}`]?.text ?? inUnit(field, `${property(column, 'unit')}`);
  const cell = { text, value: field };
  return steps === undefined ? cell : { ...cell, color: colorOf(field, steps.steps) };
}

function property(column: Override, id: string): unknown {
  return column.properties.find((each) => each.id === id)?.value;
}
