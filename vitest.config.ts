import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { longestFirst } from './test/support/longest-first.ts';

const FILES = '{test,lab,bench}/**/*.test.ts';

/**
 * What changes its whole process for the files after it, or watches it and so sees what an earlier file has left behind:
 * directly, or by one of these helpers.
 */
const NEEDS_ITS_OWN_PROCESS =
  /\bvi\.(mock|spyOn|stub\w+|useFakeTimers)\(|\bprocess\.(env|on|once|memoryUsage|getActiveResourcesInfo)\b|diagnostics_channel|limitClientRequests|limitOpenSsl|limitClientSockets|\/(start-program|attempts|started-push|exporter-rows|short-waits|fake-clock|api-server|many-neighbours|environment|memory-peak)\.ts'/;

const isolated = globSync(FILES, { cwd: import.meta.dirname }).filter((file) =>
  NEEDS_ITS_OWN_PROCESS.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
);

export default defineConfig({
  test: {
    globalSetup: 'test/support/pack-program.ts',
    // Most of the longest wait for a cluster; by default a machine with two cores would run one file at a time.
    maxWorkers: 4,
    sequence: {
      sequencer: longestFirst([
        'test/end-to-end-components.test.ts',
        'test/end-to-end-node-faults.test.ts',
        'test/end-to-end-node-changes.test.ts',
        'test/end-to-end-rotating.test.ts',
        'test/fresh-install.test.ts',
      ]),
    },
    // On a busy machine, too: `until()` waits for up to a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
    projects: [
      { extends: true, test: { name: 'isolated', include: isolated } },
      // To load the modules anew for each file costs a third of the CPU of all tests.
      {
        extends: true,
        test: { name: 'shared', include: [FILES], exclude: isolated, isolate: false },
      },
    ],
  },
});
