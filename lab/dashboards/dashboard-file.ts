import { readFile } from 'node:fs/promises';

export type Target = Readonly<{
  refId: string;
  expr: string;
  instant: boolean;
  legendFormat?: string;
}>;

export type Threshold = Readonly<{ color: string; value: number | null }>;

export type Override = Readonly<{
  matcher: Readonly<{ options: string }>;
  properties: readonly Readonly<{ id: string; value: unknown }>[];
}>;

/** The fields of a panel that are read here. A row has no queries. */
export type Panel = Readonly<{
  type: string;
  title: string;
  gridPos: Readonly<{ x: number; y: number; w: number; h: number }>;
  targets?: readonly Target[];
  transformations?: readonly Readonly<{ id: string; options: Readonly<Record<string, unknown>> }>[];
  fieldConfig?: Readonly<{
    defaults: Readonly<{
      unit: string;
      thresholds?: Readonly<{ steps: readonly Threshold[] }>;
      custom?: Readonly<{ stacking?: Readonly<{ mode: string }> }>;
    }>;
    overrides: readonly Override[];
  }>;
  options?: Readonly<{ sortBy?: readonly Readonly<{ displayName: string }>[] }>;
}>;

type Variable = Readonly<{
  name: string;
  type: string;
  query: string | Readonly<{ query: string }>;
  allValue?: string;
}>;

/** The fields of a dashboard that are read here. */
export type Dashboard = Readonly<{
  uid: string;
  title: string;
  templating: Readonly<{ list: readonly Variable[] }>;
  panels: readonly Panel[];
}>;

/** The shipped dashboards, by uid. */
export const UIDS = ['kubenurse-overview', 'kubenurse-path', 'kubenurse-components'] as const;

/** The URL of the dashboard's file. */
function fileOf(uid: string): URL {
  return new URL(`../../deploy/helm/kubenurse/files/dashboards/${uid}.json`, import.meta.url);
}

export async function readDashboard(uid: string): Promise<Dashboard> {
  return JSON.parse(await readFile(fileOf(uid), 'utf8'));
}
