import { clusterSizes } from './api-server/large-cluster.ts';
import { loadTable } from './api-server/load-table.ts';
import { type Measured, measure } from './api-server/measure.ts';
import type { Benchmark } from './support/benchmark.ts';

const OPTIONS = { nodes: clusterSizes('5,100,1000') };

/**
 * The load on the API server: requests and bytes of one kubenurse, compared with a probe that
 * watches all nodes. docs/api-server-load.md explains the numbers.
 */
export const apiServerLoad: Benchmark<Measured, typeof OPTIONS> = {
  summary: 'load on the API server by one probe, compared with a probe that watches all nodes',
  options: OPTIONS,
  tools: ['etcd', 'kube-apiserver', 'kubectl'],
  inOwnNamespace: true,
  run: ({ short, values, logProgress }) => measure(short ? [5] : values.nodes, logProgress),
  table: loadTable,
};
