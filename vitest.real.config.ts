import { defineConfig } from 'vitest/config';
import { ScenarioTable } from './test/real/scenario-table.ts';
import { longestFirst } from './test/support/longest-first.ts';

/**
 * The longest first. Most of their time goes by in waiting, so that three run at once also on a machine with two cores; with
 * four, the API servers start too slowly.
 */
const CLUSTERS = [
  'test/real/scenarios.real.ts',
  'test/real/alerts-in-time.real.ts',
  'test/real/scenarios-elsewhere.real.ts',
  'test/real/rollouts-first.real.ts',
  'test/real/rollouts-last.real.ts',
];

/** The longest of the parts: promtool plays days of a cluster. */
const ALERTS = 'test/real/alerts.real.ts';

/** A whole cluster of Kubernetes. */
const KUBERNETES = 'test/real/kubernetes/*.real.ts';

/** The tests against real programs: `npm run tools` builds these, `npm run test:real` runs them. */
export default defineConfig({
  test: {
    globalSetup: 'test/support/pack-program.ts',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new ScenarioTable()],
    sequence: { sequencer: longestFirst([ALERTS, ...CLUSTERS]) },
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['{test,bench}/**/*.real.ts'],
          exclude: [...CLUSTERS, KUBERNETES],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'clusters',
          include: CLUSTERS,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: [KUBERNETES],
          // Three kubelets take what two cores have.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
