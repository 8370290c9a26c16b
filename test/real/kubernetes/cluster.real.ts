import { test } from 'vitest';
import { installationTests, uninstallationTests } from './installation.ts';
import { describeCluster } from './kubernetes-tests.ts';
import { expectSeen, play } from './outage.ts';
import { NO_RULES } from './outages.ts';

const OUTAGE_LIMIT_MS = 180_000;

describeCluster('Kubernetes', {}, (given) => {
  installationTests(given);
  // All of them: outages.long.ts. By now, checks run each second.
  test(
    NO_RULES.name,
    async () => {
      const outage = { ...NO_RULES, lastsMs: 0 };
      expectSeen(await play(given(), undefined, outage), outage);
    },
    OUTAGE_LIMIT_MS,
  );
  uninstallationTests(given);
});
