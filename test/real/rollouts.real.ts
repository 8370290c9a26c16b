import { expect } from 'vitest';
import { ROLLOUTS, SCENARIOS } from '../../lab/cluster/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

const RUNS = 5;

const drain = SCENARIOS.filter(({ name }) => /drained|node-3:deleted|joins/.test(name));
expect(drain).toHaveLength(3);

const runs = Array.from({ length: RUNS }, (_, index) =>
  [...ROLLOUTS, ...drain].map((change) => ({
    ...change,
    name: `${change.name}, run ${index + 1}`,
  })),
);

playAll('five times', { network: '10.66' }, runs.flat());
