import type { Panel, Target } from './dashboard-file.ts';
import { at, over, type Range, type Series } from './prometheus-api.ts';
import { interpolate, type Values } from './variables.ts';

/** The value of a variable when all is chosen. */
export const ALL = '.+';

/** A series with its name in the legend, and the query that returned it. */
export type Named = Series & Readonly<{ name: string; refId: string }>;

/** A panel, and the results of its queries. */
export type PanelData = Readonly<{ panel: Panel; title: string; series: readonly Named[] }>;

/** Runs a panel's queries, for the range or its end. */
export async function dataOf(
  panel: Panel,
  prometheus: string,
  values: Values,
  range: Range,
): Promise<PanelData> {
  const perTarget = (panel.targets ?? []).map(async (target) => {
    const query = interpolate(target.expr, values);
    const series = target.instant
      ? await at(prometheus, query, range.end)
      : await over(prometheus, query, range);
    return series.map((each) => ({
      ...each,
      name: legendOf(target, each),
      refId: target.refId,
    }));
  });
  return {
    panel,
    // Grafana shows the name of a choice, not its value.
    title: interpolate(panel.title, { ...values, ...(values.type === ALL && { type: 'All' }) }),
    series: (await Promise.all(perTarget)).flat(),
  };
}

function legendOf({ legendFormat = '' }: Target, { labels }: Series): string {
  return legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
}
