/** A part of Grafana's dashboard JSON. */
export type Json = Readonly<Record<string, unknown>>;

/** A PromQL expression; `legend` as in `{{node}}`. */
export type Query = Readonly<{ expr: string; legend?: string }>;

/** From which value on a colour is shown; the first step has none. */
export type Step = Readonly<{ color: string; value: number | null }>;

/** What every panel has. `width` is of 24, `height` in Grafana's units of some 30 pixels. */
export type PanelOptions = Readonly<{
  title: string;
  /** What one sees, and what to do. */
  description: string;
  width: number;
  height: number;
  queries: readonly Query[];
  /** As Grafana names it: `s`, `percentunit`, `short`. */
  unit: string;
  steps?: readonly Step[];
}>;

/** A panel that has no place yet. */
export type Panel = Readonly<{ type: string; width: number; height: number }> & Json;

/** A variable of a dashboard. */
export type Variable = Readonly<{ name: string }> & Json;

export type Dashboard = Readonly<{
  uid: string;
  title: string;
  description: string;
  variables: readonly Variable[];
  panels: readonly Panel[];
}>;

/** `${name}`: Grafana puts the value in. */
export function placeholder(name: string): string {
  return `\${${name}}`;
}

export const DATASOURCE = { type: 'prometheus', uid: placeholder('datasource') };

const TAG = 'kubenurse';
const COLUMNS = 24;
/** Grafana 11 and later read it as it is. */
const SCHEMA_VERSION = 39;

/** A query for the range of time that is shown, or only for its end. */
export function target({ expr, legend }: Query, index: number, instant: boolean): Json {
  return {
    datasource: DATASOURCE,
    refId: refId(index),
    expr,
    ...(instant ? { instant: true, range: false } : { instant: false, range: true }),
    ...(legend === undefined ? {} : { legendFormat: legend }),
  };
}

/** The name of the query of this index: A, B, C. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

/** The whole dashboard: the panels follow each other from left to right, and on the next line when one is full. */
export function dashboardJson({ uid, title, description, variables, panels }: Dashboard): Json {
  return {
    uid,
    title,
    description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    links: [
      {
        type: 'dashboards',
        title: 'kubenurse',
        tags: [TAG],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
      },
    ],
    annotations: { list: [] },
    templating: { list: variables },
    panels: placed(panels),
  };
}

function placed(panels: readonly Panel[]): Json[] {
  let [x, y, lineHeight] = [0, 0, 0];
  return panels.map(({ width: w, height: h, ...panel }, index) => {
    if (x + w > COLUMNS) [x, y, lineHeight] = [0, y + lineHeight, 0];
    const gridPos = { x, y, w, h };
    x += w;
    lineHeight = Math.max(lineHeight, h);
    return { id: index + 1, gridPos, ...panel };
  });
}
