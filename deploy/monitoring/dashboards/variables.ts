import { DATASOURCE, type Variable } from './grafana.ts';

const datasource: Variable = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  current: {},
};

/** A variable with the values of a label. The first one is chosen, or none where there is none. */
function labelValues(
  name: string,
  label: string,
  query: string,
  more: Readonly<Record<string, unknown>> = {},
): Variable {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 7,
    current: {},
    ...more,
  };
}

/** What every dashboard has. */
export const COMMON: readonly Variable[] = [
  datasource,
  labelValues('cluster', 'Cluster', 'label_values(kubenurse_build_info, cluster)'),
  labelValues('job', 'Job', 'label_values(kubenurse_build_info{cluster="$cluster"}, job)'),
];

export const NODE: Variable = labelValues(
  'node',
  'Node',
  'label_values(kubenurse_httpclient_requests_total{cluster="$cluster", job="$job"}, node)',
);

export const TYPES: Variable = labelValues(
  'type',
  'Check',
  'label_values({__name__=~"kubenurse_(httpclient_requests|udp_packets_sent)_total", cluster="$cluster", job="$job", node="$node"}, type)',
  { multi: true, includeAll: true, allValue: '.+' },
);
