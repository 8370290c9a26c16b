import { clusterSizes } from './api-server/large-cluster.ts';
import { loadTable } from './api-server/load-table.ts';
import { type Measured, measure } from './api-server/measure.ts';
import type { Benchmark } from './support/benchmark.ts';

const OPTIONS = { nodes: clusterSizes('5,100,1000') };

/**
 * What the API server bears: requests and bytes of one of our probes, beside those of a probe that watches all nodes.
 * docs/api-server-load.md says what the numbers mean.
 */
export const apiServerLoad: Benchmark<Measured, typeof OPTIONS> = {
  summary: 'load on the API server by one probe, compared with a probe that watches all nodes',
  options: OPTIONS,
  tools: ['etcd', 'kube-apiserver', 'kubectl'],
  inOwnNamespace: true,
  run: ({ short, values, logProgress }) => measure(short ? [5] : values.nodes, logProgress),
  table: loadTable,
};
