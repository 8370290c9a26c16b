import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{test,lab,bench}/**/*.test.ts'],
    // Most of the time is spent waiting; by default a machine with two cores would run one file at a time.
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 30_000,
  },
});
