import { loadTable } from './api-server/load-table.ts';
import { type Measured, measure } from './api-server/measure.ts';
import type { Benchmark } from './benchmark.ts';

/** There are addresses for no more. */
const MOST_NODES = 2_000;

/**
 * What the API server bears: requests and bytes of one of our probes, beside those of a probe that watches all nodes.
 * docs/api-server-load.md says what the numbers mean.
 */
export const apiServerLoad: Benchmark<Measured> = {
  options: { nodes: '5,100,1000' },
  tools: ['etcd', 'kube-apiserver', 'kubectl'],
  inOwnNamespace: true,
  run: ({ short, values, tell }) => measure(short ? [5] : readSizes(values.nodes ?? ''), tell),
  table: loadTable,
};

function readSizes(text: string): number[] {
  const sizes = text.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 2 && size <= MOST_NODES)) {
    throw new Error(`--nodes ${text}: say numbers from 2 to ${MOST_NODES}, such as 5,100`);
  }
  return sizes;
}
