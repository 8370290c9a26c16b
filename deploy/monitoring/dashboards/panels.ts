import {
  DATASOURCE,
  type Json,
  type Panel,
  type PanelOptions,
  type Step,
  target,
} from './grafana.ts';

/** For shares of checks that fail. */
export const SHARE_STEPS: readonly Step[] = [
  { color: 'green', value: null },
  { color: 'orange', value: 0.001 },
  { color: 'red', value: 0.5 },
];

/** For counts of which each one is bad. */
export const NONE_STEPS: readonly Step[] = [
  { color: 'green', value: null },
  { color: 'red', value: 1 },
];

/**
 * Of a panel that shows the end of the range only. `$__rate_interval` grows with the range divided by this number; with
 * the most points that Prometheus allows it stays at four scrapes even for a range of a week, so that now is now.
 */
const MANY_POINTS = 11_000;

/** A heading over the panels that follow. */
export function row(title: string): Panel {
  return { type: 'row', title, width: 24, height: 1, collapsed: false, panels: [] };
}

function defaults({ unit, steps }: PanelOptions, custom?: Json): Json {
  return {
    unit,
    ...(steps === undefined
      ? { color: { mode: 'palette-classic' } }
      : { color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } }),
    ...(custom === undefined ? {} : { custom }),
  };
}

/** What is the same in every type of panel; `instant`: it shows the end of the range only. */
export function panel(type: string, options: PanelOptions, instant: boolean): Panel {
  const { title, description, width, height, queries } = options;
  return {
    type,
    title,
    description,
    width,
    height,
    datasource: DATASOURCE,
    ...(instant ? { maxDataPoints: MANY_POINTS } : {}),
    targets: queries.map((query, index) => target(query, index, instant)),
  };
}

/** One number, as it is at the end of the range. */
export function stat(options: PanelOptions): Panel {
  return {
    ...panel('stat', options, true),
    fieldConfig: { defaults: defaults(options), overrides: [] },
    options: {
      colorMode: 'background',
      graphMode: 'none',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** Lines over time; `stacked`: areas on top of each other. */
export function timeSeries(options: PanelOptions & { stacked?: boolean }): Panel {
  const custom = {
    drawStyle: 'line',
    fillOpacity: options.stacked ? 60 : 0,
    lineWidth: 1,
    showPoints: 'never',
    stacking: { mode: options.stacked ? 'normal' : 'none', group: 'A' },
  };
  return {
    ...panel('timeseries', options, false),
    fieldConfig: { defaults: { ...defaults(options, custom), min: 0 }, overrides: [] },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** A band for each series, coloured by its value: what was when. */
export function stateTimeline(options: PanelOptions): Panel {
  return {
    ...panel('state-timeline', options, false),
    fieldConfig: {
      defaults: defaults(options, { fillOpacity: 80, lineWidth: 0 }),
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: 'never',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false },
      tooltip: { mode: 'single', sort: 'none' },
    },
  };
}
