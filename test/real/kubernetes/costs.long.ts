import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type ContainerCost, containerCosts } from './container-costs.ts';
import { createNamespace, NAMESPACE, RELEASE, untilWell, upgrade } from './installed.ts';
import { describeCluster } from './kubernetes-tests.ts';

const MINUTE_MS = 60_000;
const PODS = 1_000;
const CREATED_AT_ONCE = 50;
/** Any object that is permanent. */
const OWNER = 'kube-root-ca.crt';
const OWNER_PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps/${OWNER}`;

describeCluster(
  'what a container costs within its limits',
  {
    prepare: async (cluster) => {
      await createNamespace(cluster);
      await upgrade(cluster);
      await untilWell(cluster);
    },
  },
  (given) => {
    const costs = () => containerCosts(given(), NAMESPACE);

    /** Replaces every pod, and measures from the start of each to a minute later. */
    const replace = async (changed: string) => {
      await upgrade(given(), { podAnnotations: { changed } });
      await untilWell(given());
      await sleep(MINUTE_MS);
      return costs();
    };

    test('in a minute in which nothing happens', async () => {
      const before = await costs();
      await sleep(MINUTE_MS);
      report('a minute', await costs(), before);
    });

    test('from the start of each pod in a rollout to a minute later', async () => {
      report('a start, and the minute after', await replace('once'));
    });

    test(`the same with ${PODS} pods that match the neighbour filter`, async () => {
      const { metadata } = await given().admin.get(OWNER_PATH);
      for (let number = 0; number < PODS; number += CREATED_AT_ONCE) {
        const some = Array.from({ length: CREATED_AT_ONCE }, (_, index) =>
          pod(number + index, metadata.uid),
        );
        const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
        await Promise.all(some.map((each) => given().admin.create(path, each)));
      }
      report(`the same with ${PODS} pods`, await replace('twice'));
    });
  },
);

/**
 * Listed and watched by every probe, and never scheduled. Because of its owner, the DaemonSet does
 * not adopt it.
 */
function pod(number: number, uid = '') {
  return {
    metadata: {
      name: `waiting-${number}`,
      labels: { 'app.kubernetes.io/name': 'kubenurse', 'app.kubernetes.io/instance': RELEASE },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'ConfigMap', name: OWNER, uid, controller: true },
      ],
    },
    spec: {
      schedulingGates: [{ name: 'example.com/never' }],
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'program',
          image: 'example.com/none',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  };
}

/**
 * Prints the maximum of each, and expects no container to have been killed, throttled or refused
 * memory.
 */
function report(
  what: string,
  costs: readonly ContainerCost[],
  before: readonly ContainerCost[] = [],
): void {
  const most = (read: (cost: ContainerCost) => number) => Math.max(...costs.map(read));
  const cpu = costs.map(
    ({ name, cpuSeconds }) =>
      cpuSeconds - (before.find((each) => each.name === name)?.cpuSeconds ?? 0),
  );
  const mebibytes = (bytes: number) => `${Math.round(bytes / (1 << 20))} MiB`;
  console.log(
    `${what}: CPU ${Math.max(...cpu).toFixed(2)} s,`,
    `memory ${mebibytes(most(({ memory }) => memory))} (at most ${mebibytes(most(({ maxMemory }) => maxMemory))}`,
    `of ${mebibytes(most(({ limit }) => limit))}, anonymous ${mebibytes(most(({ anonymous }) => anonymous))})`,
  );
  for (const cost of costs) {
    expect(cost).toMatchObject({ restarts: 0, throttled: 0, limitHits: 0 });
    expect(cost.maxMemory).toBeLessThan(cost.limit);
  }
}
