import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FailureWatch } from '../../../lab/kubernetes/failure-watch.ts';
import { type AuditedRequest, readAuditLog } from '../../../lab/real/audit-log.ts';
import { until } from '../../../lab/support/until.ts';
import { createNamespace, NAMESPACE, RELEASE, untilWell, upgrade } from './installed.ts';
import { describeCluster } from './kubernetes-tests.ts';

/** The shortest lifetime that the API server issues. */
const LIFETIME_S = 600;
/**
 * kubelet renews a token at 80 % of its lifetime, when it next syncs the pod: every minute or so.
 */
const RENEWED_LIMIT_MS = 600_000;
const EXPIRED_LIMIT_MS = 180_000;
const POLL_MS = 5_000;
/** A minute of checks with only the new token. */
const AFTER_MS = 60_000;
const WATCHING_LIMIT_MS = 60_000;
const LIMIT_MS = 1_200_000;
const DAEMON_SET = `daemonset/${RELEASE}-kubenurse`;
const LIFETIME =
  '/spec/template/spec/volumes/0/projected/sources/0/serviceAccountToken/expirationSeconds';

type Pod = Readonly<{ metadata: { name: string; uid: string }; spec: { nodeName: string } }>;

describeCluster(
  'a service account token that kubelet renews',
  {
    nodes: 2,
    network: '10.25',
    prepare: async (cluster) => {
      await createNamespace(cluster);
      await upgrade(cluster);
      const kubectl = (...args: string[]) =>
        cluster.kubectl.run(`--namespace=${NAMESPACE}`, ...args);
      const patch = [{ op: 'replace', path: LIFETIME, value: LIFETIME_S }];
      await kubectl('patch', DAEMON_SET, '--type=json', `--patch=${JSON.stringify(patch)}`);
      await kubectl('rollout', 'status', DAEMON_SET, '--timeout=90s');
      await untilWell(cluster);
    },
  },
  (given) => {
    /** The name of each pod, and its token. */
    const tokens = async (): Promise<Map<string, string>> => {
      const selector = 'labelSelector=app.kubernetes.io%2Fname%3Dkubenurse';
      const { items } = await given().admin.get(`/api/v1/namespaces/${NAMESPACE}/pods?${selector}`);
      const pairs = items.map(async ({ metadata: { name, uid }, spec: { nodeName } }: Pod) => {
        const volume = `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~projected/service-account`;
        return [
          name,
          await given()
            .node(nodeName)
            .run(['cat', `${volume}/token`]),
        ] as const;
      });
      return new Map(await Promise.all(pairs));
    };
    const statusWith = async (token: string) => {
      const { status } = await given().controlPlane.apiServer.client(token).raw('/version');
      return status;
    };
    const requestsSince = async (time: number): Promise<AuditedRequest[]> => {
      const requests = await readAuditLog(given().controlPlane.apiServer.auditLog);
      return requests.filter((request) => request.time.getTime() >= time);
    };

    test(
      'is used, and no check and no watch fails before, while and after the previous one is rejected',
      async () => {
        await using watch = await FailureWatch.start(given(), NAMESPACE);
        const began = Date.now();
        const first = await tokens();
        expect(first.size).toBe(2);
        const pods = [...first.keys()];

        await until(
          'every token is renewed',
          RENEWED_LIMIT_MS,
          async () => {
            const now = await tokens();
            return pods.every((pod) => now.get(pod) !== first.get(pod));
          },
          POLL_MS,
        );
        await until(
          'the first tokens are rejected',
          EXPIRED_LIMIT_MS,
          async () =>
            (await Promise.all([...first.values()].map(statusWith))).every((code) => code === 401),
          POLL_MS,
        );
        const rejected = Date.now();
        await sleep(AFTER_MS);
        expect(watch.failures).toEqual([]);

        const requests = await requestsSince(began);
        const isVersion = ({ resource }: AuditedRequest) => resource === '/version';
        // Those of this test, with the first tokens, are for /version.
        expect(requests.filter((each) => each.code === 401 && !isVersion(each))).toEqual([]);
        const checks = requests.filter(isVersion);
        for (const pod of pods) {
          const own = checks.filter((request) => request.pod === pod);
          expect(own.every(({ code }) => code === 200)).toBe(true);
          const credentials = [...new Set(own.map(({ credential }) => credential))];
          expect(credentials).toHaveLength(2);
          const last = own.filter(({ time }) => time.getTime() > rejected);
          expect(new Set(last.map(({ credential }) => credential))).toEqual(
            new Set([credentials[1]]),
          );
        }
      },
      LIMIT_MS,
    );

    test('authenticates the watch after a restart of the API server', async () => {
      const { controlPlane } = given();
      await controlPlane.kill();
      const killed = Date.now();
      await controlPlane.start();
      const pods = [...(await tokens()).keys()];
      await until(
        'every pod watches again',
        WATCHING_LIMIT_MS,
        async () => {
          const requests = await requestsSince(killed);
          return pods.every((pod) =>
            requests.some((each) => each.pod === pod && each.verb === 'watch' && each.code === 200),
          );
        },
        1_000,
      );
      await untilWell(given());
    });
  },
);
