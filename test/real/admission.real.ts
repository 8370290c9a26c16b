import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { startControlPlane, whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { installDefinitions, makeNamespace, tryToApply } from './admission.ts';
import { VARIANTS as CHARTED, render as renderChart, variantValues } from './helm.ts';
import { render, VARIANTS } from './kustomize.ts';
import { probeOf, type Rendered, readManifests } from './rendered.ts';

const README = join(import.meta.dirname, '../../deploy/README.md');

describe.skipIf(whyNoControlPlane())('a real API server', () => {
  const stack = new AsyncDisposableStack();
  let controlPlane: RealControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane(stack, '10.46', ['IPv4', 'IPv6']);
    await installDefinitions(controlPlane);
  });
  afterAll(() => stack.disposeAsync());

  async function tryInNamespace(namespace: string, rendered: Rendered): Promise<string[]> {
    await makeNamespace(controlPlane, namespace, rendered);
    return tryToApply(controlPlane, rendered);
  }

  test.each(VARIANTS)(
    'accepts deploy/kustomize/%s and its pods, and gives no warning',
    async (of) => {
      const namespace = of.replace('/', '-');
      expect(await tryInNamespace(namespace, await render({ of, namespace }))).toEqual([]);
    },
  );

  test('accepts the patches of deploy/README.md', async () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(readFileSync(README, 'utf8')) ?? [];
    const { patches } = loadYaml<{ patches: object[] }>(yaml);
    const namespace = 'patched';
    const components = ['components/gateway-api', 'components/prometheus-operator'];
    const rendered = await render({ of: 'base', components, namespace, patches });
    expect(patches).toHaveLength(4);
    for (const text of ['name: public', 'release: kube-prometheus-stack', 'name: kubenurse-otlp']) {
      expect(rendered.yaml).toContain(text);
    }
    expect(await tryInNamespace(namespace, rendered)).toEqual([]);
  });

  test.each(CHARTED)(
    'accepts the chart with ci/%s-values.yaml and its pods, and gives no warning',
    async (name) => {
      const namespace = `chart-${name.replaceAll('.', '-')}`;
      const rendered = await renderChart(variantValues(name), { namespace });
      expect(await tryInNamespace(namespace, rendered)).toEqual([]);
    },
  );

  test('refuses a pod that requests more than a restricted one may', async () => {
    const namespace = 'asks-for-more';
    const rendered = await render({ of: 'base', namespace });
    probeOf(rendered).pod.hostPID = true;
    await expect(tryInNamespace(namespace, rendered)).rejects.toThrow(
      /violates PodSecurity "restricted:latest": host namespaces/,
    );
  });

  test('refuses a field that does not exist', async () => {
    const { yaml } = await render({ of: 'base' });
    const misspelt = readManifests(yaml.replace('dnsConfig:', 'dnsConfiguration:'));
    await expect(tryInNamespace('kubenurse', misspelt)).rejects.toThrow(
      '.spec.template.spec.dnsConfiguration: field not declared in schema',
    );
  });

  test('warns about what is deprecated', async () => {
    const { yaml } = await render({ of: 'base' });
    const outdated = readManifests(yaml.replace('kubernetes.io/os:', 'beta.kubernetes.io/os:'));
    const warnings = await tryInNamespace('kubenurse', outdated);
    expect(warnings).toEqual(Array(2).fill(expect.stringContaining('deprecated')));
  });
});
