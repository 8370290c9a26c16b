import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { allIsWell, play, type Scenario } from '../../lab/cluster/scenario.ts';
import { showsVerdict } from '../../lab/cluster/verdicts.ts';
import { PROGRAM } from './program-file.ts';

/** A second instead of five, so that the scenarios take a fifth of the time. */
const INTERVAL_MS = 1_000;

/**
 * Plays the scenarios in a cluster of five nodes. `more` adds tests before these. `network`: as for
 * `Cluster.start`.
 */
export function playEndToEnd(
  network: string,
  scenarios: readonly Scenario[],
  more?: (cluster: () => Cluster) => void,
): void {
  describe('a cluster of five nodes', () => {
    let cluster: Cluster;

    beforeAll(async () => {
      cluster = await Cluster.start({
        network,
        program: PROGRAM,
        env: {
          KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
          KUBENURSE_SHUTDOWN_DURATION: '1s',
        },
      });
      await allIsWell(cluster, 30_000);
    });
    afterAll(() => cluster?.close());

    more?.(() => cluster);

    test.each(scenarios)(
      '$name shows in the right checks, events and verdict, and nowhere else',
      async (scenario) => {
        const meanwhile = async () => {
          await scenario.meanwhile?.(cluster);
          await showsVerdict(cluster, scenario);
        };
        const { falseAlarms } = await play(cluster, { ...scenario, meanwhile }, INTERVAL_MS);
        expect(falseAlarms).toEqual([]);
      },
    );
  });
}
