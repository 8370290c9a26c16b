import { placeholder } from './grafana.ts';

/** The uid of the dashboard of one node or path. */
export const PATH_UID = 'kubenurse-path';

/** Where a click on a node or a check leads: its dashboard, for the same time and probes. */
export function pathLink(variables: Readonly<Record<string, string>>): string {
  const own = Object.entries(variables).map(([name, value]) => `var-${name}=${value}`);
  const kept = [
    'datasource:queryparam',
    'cluster:queryparam',
    'job:queryparam',
    '__url_time_range',
  ];
  return `/d/${PATH_UID}?${[...own, ...kept.map(placeholder)].join('&')}`;
}

/** The value of this label in the line that is clicked on. */
export function fieldOfLine(label: string): string {
  return placeholder(`__data.fields.${label}`);
}

/** The value that is clicked on. */
export const CLICKED = placeholder('__value.text');
