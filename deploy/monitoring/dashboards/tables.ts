import {
  type Json,
  type Panel,
  type PanelOptions,
  type Query,
  refId,
  type Step,
} from './grafana.ts';
import { panel } from './panels.ts';

/** A column of a table: a label, or the value of a query. */
export type Column = Readonly<{
  title: string;
  /** Of a value. The cell has the colour of its step. */
  unit?: string;
  steps?: readonly Step[];
  /** Where a click leads. */
  link?: string;
  /** What is shown instead of a value. */
  texts?: Readonly<Record<string, string>>;
}>;

function override(field: string, { title, unit, steps, link, texts }: Column): Json {
  const properties = [
    { id: 'displayName', value: title },
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(steps === undefined
      ? []
      : [
          { id: 'color', value: { mode: 'thresholds' } },
          { id: 'thresholds', value: { mode: 'absolute', steps } },
          { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
        ]),
    ...(link === undefined
      ? []
      : [{ id: 'links', value: [{ title: 'This path and node', url: link }] }]),
    ...(texts === undefined ? [] : [{ id: 'mappings', value: [valueTexts(texts)] }]),
  ];
  return { matcher: { id: 'byName', options: field }, properties };
}

function valueTexts(texts: Readonly<Record<string, string>>): Json {
  const entries = Object.entries(texts).map(([value, text], index) => [value, { text, index }]);
  return { type: 'value', options: Object.fromEntries(entries) };
}

/**
 * A line for each set of labels, with the value of each query. `labels` and `values` are the columns, `values` in the
 * order of the queries. `sortBy`: the title of the column with the worst on top; as the query sorts when not said.
 */
export function table(
  options: PanelOptions & {
    labels: Readonly<Record<string, Column>>;
    values: readonly Column[];
    sortBy?: string;
  },
): Panel {
  const { labels, values, sortBy } = options;
  const valueField = (index: number) => (values.length === 1 ? 'Value' : `Value #${refId(index)}`);
  const fields = [...Object.keys(labels), ...values.map((_, index) => valueField(index))];
  const queries = values.length === 1 ? [] : [{ id: 'merge', options: {} }];
  const base = panel('table', options, true);
  return {
    ...base,
    targets: (base.targets as Json[]).map((each) => ({ ...each, format: 'table' })),
    transformations: [
      ...queries,
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: Object.fromEntries(fields.map((field, index) => [field, index])),
        },
      },
    ],
    fieldConfig: {
      defaults: { unit: options.unit, custom: { align: 'auto', filterable: true } },
      overrides: [
        ...Object.entries(labels).map(([field, column]) => override(field, column)),
        ...values.map((column, index) => override(valueField(index), column)),
      ],
    },
    options: {
      showHeader: true,
      cellHeight: 'sm',
      ...(sortBy === undefined ? {} : { sortBy: [{ displayName: sortBy, desc: true }] }),
    },
  };
}

/** A line for each value of one label, a column for each of another, coloured cells. One query. */
export function matrix(
  options: Omit<PanelOptions, 'queries'> & {
    query: Query;
    lines: string;
    columns: string;
    link: string;
  },
): Panel {
  const { query, lines, columns, link, steps } = options;
  const base = panel('table', { ...options, queries: [query] }, true);
  return {
    ...base,
    targets: (base.targets as Json[]).map((each) => ({ ...each, format: 'table' })),
    transformations: [
      {
        id: 'groupingToMatrix',
        options: {
          rowField: lines,
          columnField: columns,
          valueField: 'Value',
          emptyValue: 'null',
        },
      },
    ],
    fieldConfig: {
      defaults: {
        unit: options.unit,
        decimals: 0,
        color: { mode: 'thresholds' },
        thresholds: { mode: 'absolute', steps },
        custom: {
          align: 'center',
          cellOptions: { type: 'color-background', mode: 'basic' },
        },
      },
      overrides: [
        {
          matcher: { id: 'byName', options: `${lines}\\${columns}` },
          properties: [
            { id: 'displayName', value: lines },
            { id: 'custom.cellOptions', value: { type: 'auto' } },
            { id: 'custom.align', value: 'left' },
            { id: 'links', value: [{ title: 'This node', url: link }] },
          ],
        },
      ],
    },
    options: { showHeader: true, cellHeight: 'sm' },
  };
}
