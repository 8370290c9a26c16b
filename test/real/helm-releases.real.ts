import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RELEASE } from '../../deploy/release/names.ts';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { startControlPlane, whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { missingTools } from '../../lab/tools/tool.ts';
import { CHART, helm, type Values, variantValues } from './helm.ts';
import { writeUpstreamChart } from './upstream-release.ts';

const cannotRun = missingTools(['helm']).length > 0 || whyNoControlPlane();

describe.skipIf(cannotRun)('helm, at a real API server', () => {
  const stack = new AsyncDisposableStack();
  let controlPlane: RealControlPlane;
  let kubeconfig: string;
  beforeAll(async () => {
    controlPlane = await startControlPlane(stack, '10.81', ['IPv4']);
    const given = controlPlane.kubectl.command.find((word) => word.startsWith('--kubeconfig='));
    if (given === undefined) throw new Error('kubectl is told of no kubeconfig');
    kubeconfig = given;
  });
  afterAll(() => stack.disposeAsync());

  function upgrade(release: string, chart: string, namespace: string, values?: Values) {
    const place = [`--namespace=${namespace}`, '--create-namespace', kubeconfig];
    return helm(['upgrade', '--install', release, chart, ...place], values);
  }

  /** Upgrades a release to what stands in for upstream's chart, whatever it was before. */
  async function upgradeToUpstream(release: string, namespace: string) {
    const folder = await mkdtemp(join(tmpdir(), 'upstream-chart-'));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    await writeUpstreamChart(folder, release, namespace);
    return upgrade(release, folder, namespace);
  }

  function rollback(release: string, namespace: string) {
    return helm(['rollback', release, '1', `--namespace=${namespace}`, kubeconfig]);
  }

  /** What the release's objects of each kind contain, without what the API server adds to them. */
  async function specsOf(name: string, namespace: string): Promise<Record<string, object>> {
    const kinds = ['daemonset', 'service', 'serviceaccount', 'role', 'ingress'];
    const entries = kinds.map(async (kind) => {
      const text = await controlPlane.kubectl.run('get', kind, name, `-n=${namespace}`, '-o=json');
      const { spec, rules, automountServiceAccountToken } = JSON.parse(text);
      return [kind, { spec, rules, automountServiceAccountToken }];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  function read(path: string, ...args: readonly string[]): Promise<string> {
    return controlPlane.kubectl.run('get', ...args, `--output=jsonpath={${path}}`);
  }

  test('upgrades a release of upstream’s chart in place, with upstream’s own values', async () => {
    const namespace = 'monitoring';
    await upgradeToUpstream('probe', namespace);
    const objects = ['daemonset', 'service', 'serviceaccount', 'role', 'rolebinding', 'ingress'];
    const uids = () =>
      Promise.all(
        objects.map((kind) => read('.metadata.uid', kind, 'probe-kubenurse', `-n=${namespace}`)),
      );
    const before = await uids();

    const output = await upgrade('probe', CHART, namespace, variantValues('upstream-1.15'));
    expect(output).toContain('REVISION: 2');
    expect(await uids()).toEqual(before);
    const template = '.spec.template.spec.containers[*].image';
    expect(await read(template, 'daemonset', 'probe-kubenurse', `-n=${namespace}`)).toBe(
      `${RELEASE.image}:${RELEASE.version}`,
    );
    const paths = '.spec.rules[*].http.paths[*].path';
    expect(await read(paths, 'ingress', 'probe-kubenurse', `-n=${namespace}`)).toBe('/alwayshappy');
    const ports = '.spec.ports[*].targetPort';
    expect(await read(ports, 'service', 'probe-kubenurse', `-n=${namespace}`)).toBe('8080');
    const clusterRoles = (await read('.items[*].metadata.name', 'clusterroles')).split(' ');
    expect(clusterRoles).toContain('monitoring-probe-kubenurse');
    expect(clusterRoles).not.toContain('probe-kubenurse');
  });

  test.each([
    { back: 'helm rollback', namespace: 'rolled-back', goBack: rollback },
    {
      back: 'an upgrade to upstream’s chart',
      namespace: 'upgraded-back',
      goBack: upgradeToUpstream,
    },
  ])(
    'goes from upstream’s chart to this one, and back by $back, and the Service stays the same',
    async ({ namespace, goBack }) => {
      await upgradeToUpstream('walk', namespace);
      const before = await specsOf('walk-kubenurse', namespace);
      await upgrade('walk', CHART, namespace, variantValues('upstream-1.15'));
      const moved = await specsOf('walk-kubenurse', namespace);
      expect(moved.daemonset).not.toEqual(before.daemonset);
      expect(moved.service).toEqual(before.service);
      await goBack('walk', namespace);
      expect(await specsOf('walk-kubenurse', namespace)).toEqual(before);
      for (const kind of ['clusterroles', 'clusterrolebindings']) {
        const names = (await read('.items[*].metadata.name', kind)).split(' ');
        expect(names).toContain('walk-kubenurse');
        expect(names).not.toContain(`${namespace}-walk-kubenurse`);
      }
      await helm(['uninstall', 'walk', `--namespace=${namespace}`, kubeconfig]);
    },
  );

  test('names the keys that are missing if an upgrade from upstream’s chart reuses its values', async () => {
    await upgradeToUpstream('reused', 'reused');
    const place = ['reused', CHART, '--namespace=reused', kubeconfig];
    await expect(helm(['upgrade', ...place, '--reuse-values'])).rejects.toThrow(
      /missing properties.*'image'/,
    );
  });

  test('upgrades a release with the values that it has', async () => {
    await upgrade('again', CHART, 'again', { insecure: true });
    const place = ['again', CHART, '--namespace=again', kubeconfig];
    await helm(['upgrade', ...place, '--reset-then-reuse-values'], { log_level: 'debug' });
    const values = await helm(['get', 'values', 'again', '--namespace=again', kubeconfig]);
    expect(values).toContain('insecure: true\nlog_level: debug');
  });

  test('installs releases side by side, in one namespace and with the same name in two', async () => {
    await upgrade('one', CHART, 'shared');
    await upgrade('two', CHART, 'shared');
    await upgrade('one', CHART, 'another');
    const names = await read('.items[*].metadata.name', 'daemonsets', '-n=shared');
    expect(names.split(' ')).toEqual(['one-kubenurse', 'two-kubenurse']);
  });

  test('leaves nothing behind when a release is uninstalled', async () => {
    await upgrade('gone', CHART, 'gone', { networkPolicy: { enabled: true } });
    await controlPlane.kubectl.run('get', 'clusterrole', 'gone-gone-kubenurse');
    await helm(['uninstall', 'gone', '--namespace=gone', kubeconfig]);
    const left = controlPlane.kubectl.run('get', 'clusterrole', 'gone-gone-kubenurse');
    await expect(left).rejects.toThrow('NotFound');
  });
});
