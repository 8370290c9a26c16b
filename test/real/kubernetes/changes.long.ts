import { expect, test } from 'vitest';
import { parseFault } from '../../../lab/kubernetes/faults.ts';
import { probePods } from '../../../lab/kubernetes/probes.ts';
import { until } from '../../../lab/support/until.ts';
import {
  createNamespace,
  failuresDuring,
  NAMESPACE,
  RELEASE,
  untilWell,
  upgrade,
} from './installed.ts';
import { describeCluster } from './kubernetes-tests.ts';

const RUNS = 10;
const ROUND_MS = 6_000;
const LIMIT_MS = 1_200_000;
const PLACE = `--namespace=${NAMESPACE}`;

describeCluster('what happens every day is no failure', { prepare: createNamespace }, (given) => {
  const replaceEveryPod = () =>
    parseFault(
      'probe:rollout',
      given().nodes.map(({ name }) => name),
    ).break(given());

  /** With the defaults, whatever earlier tests have left. */
  const install = async () => {
    await upgrade(given());
    await untilWell(given());
  };

  test(
    `${RUNS} fresh installs`,
    async () => {
      for (let number = 1; number <= RUNS; number++) {
        // A new name each time: CoreDNS would keep the address of the last Service for 30 s.
        const release = `kn-${number}`;
        const failures = await failuresDuring(
          given(),
          () => upgrade(given(), {}, release),
          ROUND_MS,
        );
        expect(failures, release).toEqual([]);
        await given().helm(['uninstall', release, PLACE, '--wait']);
      }
    },
    LIMIT_MS,
  );

  test.each([
    ['with surge', { maxSurge: 1, maxUnavailable: 0 }],
    ['without surge', { maxSurge: 0, maxUnavailable: 1 }],
  ])(
    `${RUNS} rollouts %s`,
    async (_, rollingUpdate) => {
      await upgrade(given(), { updateStrategy: { rollingUpdate } });
      const failures = await failuresDuring(given(), async () => {
        for (let run = 1; run <= RUNS; run++) {
          await replaceEveryPod();
          await untilWell(given());
        }
      });
      expect(failures).toEqual([]);
    },
    LIMIT_MS,
  );

  test('a helm upgrade that changes whatever can be changed, and back', async () => {
    const values = {
      check_interval: '2s',
      log_level: 'debug',
      service: { name: 'http' },
      neighbour_limit: 1,
      shutdown_duration: '3s',
      podLabels: { changed: 'true' },
      resources: { limits: { memory: '256Mi' } },
    };
    await install();
    const failures = await failuresDuring(given(), async () => {
      await upgrade(given(), values);
      await given().helm(['rollback', RELEASE, PLACE, '--wait', '--timeout=90s']);
    });
    expect(failures).toEqual([]);
  });

  test('a node is drained and uncordoned', async () => {
    await install();
    const drain = parseFault('node-3:drained', ['node-3']);
    const failures = await failuresDuring(given(), async () => {
      await drain.break(given());
      await drain.heal(given());
    });
    expect(failures).toEqual([]);
  });

  test('a node joins, is drained and leaves', async () => {
    await install();
    const failures = await failuresDuring(given(), async () => {
      await given().addNode();
      await given().untilReady(4);
    });
    expect(failures).toEqual([]);
    const node = given().node('node-4');
    expect(
      await failuresDuring(given(), async () => {
        await parseFault('node-4:drained', ['node-4']).break(given());
        // Its pod leaves the Service as soon as readiness probes have failed three times, because
        // the node is cordoned.
        await until('the pod of node-4 is not Ready', 20_000, async () =>
          (await probePods(given(), NAMESPACE)).some(
            (pod) => pod.node === 'node-4' && !pod.isReady,
          ),
        );
        await given().removeNode(node);
      }),
    ).toEqual([]);
    expect(await probePods(given(), NAMESPACE)).toHaveLength(3);
  });
});
