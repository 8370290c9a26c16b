import { NODE_CHANGES } from '../../lab/cluster/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

const RUNS = 5;

const runs = Array.from({ length: RUNS }, (_, index) =>
  NODE_CHANGES.map((change) => ({
    ...change,
    name: `${change.name}, run ${index + 1}`,
  })),
);

playAll('five times', { network: '10.66' }, runs.flat());
