import { clusterSizes } from './api-server/large-cluster.ts';
import { measure, type Scale } from './scale/measure.ts';
import { scaleTable } from './scale/scale-table.ts';
import type { Benchmark } from './support/benchmark.ts';
import { wholeNumber } from './support/options.ts';

const LONG = { milliseconds: 10_000, replacements: 20 };
const SHORT = { sizes: [5], rounds: 1, milliseconds: 1_000, replacements: 4 };

const OPTIONS = {
  nodes: clusterSizes('5,100,1000,5000'),
  rounds: wholeNumber({ default: '3', min: 1, max: 1_000 }),
};

/**
 * What a program uses, and costs the API server, as the cluster grows: kubenurse compared with a
 * program in Go that watches all nodes.
 */
export const scale: Benchmark<Scale, typeof OPTIONS> = {
  summary:
    'memory, CPU time and API traffic as the cluster grows, compared with the stand-in in Go',
  options: OPTIONS,
  isOfPacked: true,
  tools: ['etcd', 'kube-apiserver', 'kubectl', 'peer'],
  inOwnNamespace: true,
  run: ({ short, values: { nodes, rounds }, logProgress }) =>
    measure(short ? SHORT : { sizes: nodes, rounds, ...LONG }, logProgress),
  table: scaleTable,
};
