import type { Dashboard } from './dashboard-file.ts';
import { labelValues } from './prometheus-api.ts';

/** The values of a dashboard's variables, by name. */
export type Values = Readonly<Record<string, string>>;

/**
 * What Grafana fills in for the variables when the dashboard is opened: all values if that can be
 * selected, otherwise the first one, '' if there is none. `chosen` takes precedence.
 */
export async function valuesOf(
  dashboard: Dashboard,
  prometheus: string,
  rateInterval: string,
  chosen: Values = {},
): Promise<Values> {
  let values: Values = { __rate_interval: rateInterval };
  for (const { name, type, query, allValue } of dashboard.templating.list) {
    if (type === 'datasource') continue;
    const text = interpolate(typeof query === 'string' ? query : query.query, values);
    const [, match, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
    if (match === undefined || label === undefined) throw new Error(`${name}: ${text}`);
    const found = (await labelValues(prometheus, label, match)).sort();
    const value = chosen[name] ?? allValue ?? found[0] ?? '';
    values = { ...values, [name]: value };
  }
  return values;
}

/** Fills in the values. Throws if the text names an unknown variable; `$1` is not a variable. */
export function interpolate(text: string, values: Values): string {
  return text.replaceAll(/\$([a-z_]\w*)/gi, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown variable ${name}: ${text}`);
    return value;
  });
}
