import { expect, test } from 'vitest';
import { explained } from '../../../lab/kubernetes/explained.ts';
import { installationTests, uninstallationTests } from './installation.ts';
import { describeCluster } from './kubernetes-tests.ts';
import { expectSeen, play } from './outage.ts';
import { NO_RULES } from './outages.ts';

const OUTAGE_LIMIT_MS = 180_000;

describeCluster('Kubernetes', {}, (given) => {
  test('explained() reports the state of the pods when something fails', async () => {
    const { kubectl } = given();
    const error = new Error('not in time');
    const failed = explained(kubectl, 'kube-system', Promise.reject(error));
    const { message, cause } = await failed.catch((reason) => reason);
    expect(cause).toBe(error);
    expect(message).toMatch(/^not in time\n/);
    expect(message).toMatch(/^deployment\.apps\/coredns +2\/2 /m);
    expect(message).toMatch(/^coredns-\S+ \{"running":\{"startedAt":"/m);
    expect(message).toMatch(/Scheduled +Pod\/coredns-/);
    expect(message.match(/^\[pod\/coredns-\S+ CoreDNS-/gm)).toHaveLength(2);
  });
  installationTests(given);
  // All outages: outages.long.ts. By now, checks run every second.
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
