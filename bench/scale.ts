import { readSizes } from './api-server/large-cluster.ts';
import { measure, type Scale } from './scale/measure.ts';
import { scaleTable } from './scale/scale-table.ts';
import type { Benchmark } from './support/benchmark.ts';

const LONG = { milliseconds: 10_000, replacements: 20 };
const SHORT = { sizes: [5], rounds: 1, milliseconds: 1_000, replacements: 4 };

/** What a program takes, and costs the API server, as the cluster grows: ours beside one in Go that watches all nodes. */
export const scale: Benchmark<Scale> = {
  options: { nodes: '5,100,1000,5000', rounds: '3' },
  tools: ['etcd', 'kube-apiserver', 'kubectl', 'peer'],
  inOwnNamespace: true,
  run: ({ short, values, logProgress }) => {
    const rounds = Number(values.rounds);
    if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}`);
    return measure(
      short ? SHORT : { sizes: readSizes(values.nodes ?? ''), rounds, ...LONG },
      logProgress,
    );
  },
  table: scaleTable,
};
