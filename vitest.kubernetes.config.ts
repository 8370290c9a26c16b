import { defineConfig } from 'vitest/config';
import { OutageTable } from './test/real/kubernetes/outage-table.ts';

/** What takes too long for every push: `npm run test:kubernetes`. */
export default defineConfig({
  test: {
    include: ['test/real/kubernetes/*.long.ts'],
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ['default', new OutageTable()],
  },
});
