import { expect, test } from 'vitest';
import { probePods } from '../../../lab/kubernetes/probes.ts';
import { httpGet } from '../../../lab/support/http-get.ts';
import { OwnedProcess, tied } from '../../../lab/support/owned-process.ts';
import { until } from '../../../lab/support/until.ts';
import { createNamespace, failuresDuring, NAMESPACE, RELEASE, upgrade } from './installed.ts';
import type { Given } from './kubernetes-tests.ts';

const LIMIT_MS = 180_000;
/** Each check runs at least once more: by default, and with an interval of a second. */
const ROUND_MS = 6_000;
const SHORT_ROUND_MS = 2_000;
const DAEMON_SET = `daemonset/${RELEASE}-kubenurse`;
const SERVICE_PROXY = `/api/v1/namespaces/${NAMESPACE}/services/${RELEASE}-kubenurse:8080-8080/proxy`;
const FORWARDED = 18_080;

/**
 * What a user does with the chart, from the first installation; each test continues where the
 * previous one ended.
 */
export function installationTests(given: Given): void {
  const kubectl = (...args: string[]) => given().kubectl.run(`--namespace=${NAMESPACE}`, ...args);

  test(
    'the chart runs with its defaults where restricted is enforced, and nothing fails from the first second on',
    async () => {
      const cluster = given();
      await createNamespace(cluster);
      expect(await failuresDuring(cluster, () => upgrade(cluster), ROUND_MS)).toEqual([]);
    },
    LIMIT_MS,
  );

  test('pages are served through the proxy of the API server', async () => {
    expect(JSON.parse(await kubectl('get', '--raw', `${SERVICE_PROXY}/alive`))).toMatchObject({
      api_server_direct: 'ok',
      api_server_dns: 'ok',
      me_service: 'ok',
      neighbourhood_state: 'ok',
    });
    const verdict = await kubectl('get', '--raw', `${SERVICE_PROXY}/cluster.txt`);
    expect(verdict).toContain('3 of 3');
  });

  test('kubectl logs, exec and port-forward work', async () => {
    expect(await kubectl('logs', DAEMON_SET)).toContain('kubenurse is listening');
    const version = ['/nodejs/bin/node', '/kubenurse.cjs', '--version'];
    expect(await kubectl('exec', DAEMON_SET, '--', ...version)).toMatch(/^\d+\.\d+\.\d+\n$/);
    const ports = `${FORWARDED}:8080`;
    const command = [...given().kubectl.command, `--namespace=${NAMESPACE}`, 'port-forward'];
    const forward = new OwnedProcess(tied([...command, DAEMON_SET, ports]), {}, (...outputs) => {
      for (const output of outputs) output.resume();
    });
    try {
      await until('the port is forwarded', 5_000, () =>
        httpGet(`http://127.0.0.1:${FORWARDED}/alwayshappy`, 1_000).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
    } finally {
      await forward.kill();
    }
  });

  test(
    'helm test succeeds',
    async () => {
      const output = await given().helm(['test', RELEASE, `--namespace=${NAMESPACE}`, '--logs']);
      expect(output).toMatch(/^Phase: +Succeeded$/m);
    },
    LIMIT_MS,
  );

  test(
    'nothing fails while helm upgrade replaces all pods at once, with surge',
    async () => {
      const cluster = given();
      const failures = await failuresDuring(
        cluster,
        () =>
          upgrade(cluster, {
            check_interval: '1s',
            // This shortens the rollback.
            shutdown_duration: '3s',
            // One after another, and with the default duration: changes.long.ts.
            updateStrategy: { rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
          }),
        SHORT_ROUND_MS,
      );
      expect(failures).toEqual([]);
      expect(await probePods(cluster, NAMESPACE)).toHaveLength(3);
    },
    LIMIT_MS,
  );
}

/** What follows the installation. The release is at its second revision. */
export function uninstallationTests(given: Given): void {
  test(
    'nothing fails while helm rollback replaces every pod, without surge',
    async () => {
      const cluster = given();
      const rollback = ['rollback', RELEASE, '1', `--namespace=${NAMESPACE}`, '--wait'];
      const failures = await failuresDuring(
        cluster,
        async () => void (await cluster.helm([...rollback, '--timeout=90s'])),
        ROUND_MS,
      );
      expect(failures).toEqual([]);
      expect(await probePods(cluster, NAMESPACE)).toHaveLength(3);
    },
    LIMIT_MS,
  );

  test(
    'helm uninstall leaves nothing',
    async () => {
      const cluster = given();
      await cluster.helm(['uninstall', RELEASE, `--namespace=${NAMESPACE}`, '--wait']);
      const kinds =
        'all,configmap,endpointslice,networkpolicy,role,rolebinding,secret,serviceaccount';
      const label = `--selector=app.kubernetes.io/instance=${RELEASE}`;
      // Helm removes no hooks: the pod of the last `helm test` stays until the next one, or with
      // its namespace.
      const hook = `pod/${RELEASE}-kubenurse-test`;
      let left: string[] = [];
      await until('nothing is left', 20_000, async () => {
        const names = await cluster.kubectl.run('get', kinds, '-A', label, '--output=name');
        left = names.split('\n').filter((name) => name !== '' && name !== hook);
        return left.length === 0;
      }).catch((error) => {
        throw new Error(`${error.message}: ${left}`, { cause: error });
      });
      const roles = 'clusterrole,clusterrolebinding';
      expect(await cluster.kubectl.run('get', roles, label, '--output=name')).toBe('');
    },
    LIMIT_MS,
  );
}
