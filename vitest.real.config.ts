import { defineConfig } from 'vitest/config';

/** The tests against real programs: `npm run tools` builds these, `npm run test:real` runs them. */
export default defineConfig({
  test: {
    include: ['test/real/**/*.real.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
