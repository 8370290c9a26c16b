import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { Cluster, type ClusterOptions } from '../../lab/cluster/cluster.ts';
import { countsOf } from '../../lab/cluster/findings.ts';
import { allIsWell, type Finding, play, type Scenario } from '../../lab/cluster/scenario.ts';
import { showsVerdict } from '../../lab/cluster/verdicts.ts';
import { whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { type RealParts, type RealPartsOptions, realParts } from '../../lab/real/real-parts.ts';
import { PROGRAM } from '../support/program-file.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What was seen, for the table (scenario-table.ts). */
    finding?: Finding;
  }
}

/** A second instead of five, so that the scenarios take a fifth of the time. */
const INTERVAL_MS = 1_000;

const START_LIMIT_MS = 120_000;
const SCENARIO_LIMIT_MS = 180_000;
const WELL_LIMIT_MS = 30_000;

const skipped = whyNoControlPlane();

/** Plays scenarios in a cluster of five nodes, one after another; each is a test. */
export function playAll(
  title: string,
  parts: RealPartsOptions,
  scenarios: readonly Scenario<RealParts>[],
  env: () => NonNullable<ClusterOptions['env']> = () => ({}),
): void {
  describe.skipIf(skipped)(skipped === undefined ? title : `${title}: ${skipped}`, () => {
    let cluster: Cluster<RealParts>;

    beforeAll(async () => {
      cluster = await Cluster.startOf(realParts(parts), {
        program: PROGRAM,
        // A fifth of kube-proxy's half second, like the interval: the pods wait one interval for
        // their endpoint.
        readiness: { initialDelay: 0, propagation: 100 },
        env: {
          KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
          // A fifth of the default, too.
          KUBENURSE_SHUTDOWN_DURATION: '1s',
          ...env(),
        },
      });
    }, START_LIMIT_MS);
    afterAll(() => cluster?.close(), START_LIMIT_MS);

    test('starts, and no check fails except that of a service that has no pod yet', async () => {
      await allIsWell(cluster, WELL_LIMIT_MS);
      for (const node of cluster.nodes) {
        // Alongside other clusters, it may take four programs that start at once longer than three
        // intervals of a second until the first of them is behind the service:
        // fresh-install.test.ts verifies that at the default interval.
        const { me_service = {}, me_ingress = {}, ...others } = await countsOf(node);
        expect(others, node.name).toEqual({});
        const events = [...Object.keys(me_service), ...Object.keys(me_ingress)];
        expect(['connect_done', 'status_code_503'], node.name).toEqual(
          expect.arrayContaining(events),
        );
      }
    });

    for (const scenario of scenarios) {
      test(scenario.name, { timeout: SCENARIO_LIMIT_MS }, async ({ task }: TestContext) => {
        try {
          const meanwhile = async () => {
            await scenario.meanwhile?.(cluster);
            await showsVerdict(cluster, scenario);
          };
          const finding = await play(cluster, { ...scenario, meanwhile }, INTERVAL_MS);
          task.meta.finding = finding;
          expect(finding.falseAlarms).toEqual([]);
        } finally {
          await cluster.heal('all');
        }
      });
    }
  });
}
