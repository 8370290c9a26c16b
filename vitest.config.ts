import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{test,lab,bench}/**/*.test.ts'],
    // Most of the time is spent waiting; by default a machine with two cores would run one file at a time.
    maxWorkers: 2,
    // On a busy machine, too: `until()` waits for up to a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
