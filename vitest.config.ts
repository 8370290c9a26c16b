import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['{test,lab,bench}/**/*.test.ts'],
    globalSetup: 'test/support/pack-program.ts',
    // Two wait for a cluster while the third runs; by default a machine with two cores would run one file at a time.
    maxWorkers: 3,
    sequence: {
      sequencer: longestFirst([
        'test/end-to-end-components.test.ts',
        'test/end-to-end-node-changes.test.ts',
        'test/end-to-end-node-faults.test.ts',
        'test/end-to-end-rotating.test.ts',
        'test/fresh-install.test.ts',
      ]),
    },
    // On a busy machine, too: `until()` waits for up to a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
