import { NODE_CHANGES } from '../../lab/cluster/scenarios.ts';
import { playAll } from './cluster-fixture.ts';

/** Plays NODE_CHANGES once for each of these numbers. `network`: as for `realParts()`. */
export function playRollouts(network: string, runs: readonly number[]): void {
  const changes = runs.flatMap((run) =>
    NODE_CHANGES.map((change) => ({ ...change, name: `${change.name}, run ${run}` })),
  );
  playAll('five times', { network }, changes);
}
