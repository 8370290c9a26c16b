import { defineConfig } from 'vitest/config';
import { ScenarioTable } from './test/real/scenario-table.ts';

/** The tests against real programs: `npm run tools` builds these, `npm run test:real` runs them. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.real.ts'],
    // Most of the time is spent waiting; by default a machine with two cores would run one file at a time.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new ScenarioTable()],
  },
});
