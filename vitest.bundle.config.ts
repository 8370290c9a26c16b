import { defineConfig } from 'vitest/config';

/** A short pass over the packed program, end to end: `npm run test:bundle` packs it and runs them. */
export default defineConfig({
  test: {
    include: ['test/bundle/**/*.bundle.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
