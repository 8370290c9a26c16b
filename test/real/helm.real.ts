import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1DaemonSet, V1NetworkPolicy, V1Pod, V1Service } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { run } from '../../lab/support/command.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';
import { CHART, helm, render, VARIANTS, variantValues, writtenEnvironment } from './helm.ts';
import { ofKind, probeOf, type Rendered, theOnly } from './rendered.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const SCHEMAS = join(
  import.meta.dirname,
  '../../lab/tools/bin/schemas/{{.ResourceKind}}{{.KindSuffix}}.json',
);
const WITHOUT_NAMESPACE = ['ClusterRole', 'ClusterRoleBinding'];

function kubeconform(yaml: string): Promise<string> {
  return run([tool('kubeconform'), '-strict', '-summary', `-schema-location=${SCHEMAS}`], yaml);
}

function labelsOf(rendered: Rendered): Record<string, string> {
  return probeOf(rendered).template.metadata?.labels ?? {};
}

function isSelected(labels: Record<string, string>, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/**
 * The selectors of pods: those of the Service, network policies, the DaemonSet, and the neighbour
 * filter.
 */
function selectorsOf(rendered: Rendered): Record<string, string>[] {
  const { KUBENURSE_NEIGHBOUR_FILTER: filter = '' } = writtenEnvironment(rendered);
  return [
    theOnly<V1Service>(rendered, 'Service').spec?.selector,
    theOnly<V1DaemonSet>(rendered, 'DaemonSet').spec?.selector.matchLabels,
    ...ofKind<V1NetworkPolicy>(rendered, 'NetworkPolicy').map(
      ({ spec }) => spec?.podSelector?.matchLabels,
    ),
    Object.fromEntries(filter.split(',').map((part) => part.split('='))),
  ].map((selector) => selector ?? {});
}

/** A certificate, its key and its authority, by the variables that name such files. */
async function certificateFiles(directory: string): Promise<Record<string, string>> {
  const authority = await CertificateAuthority.create('the chart');
  const { certificate, key } = await authority.issue({ commonName: 'kubenurse' });
  const contents = {
    KUBENURSE_CERT_FILE: certificate,
    KUBENURSE_CERT_KEY: key,
    KUBENURSE_EXTRA_CA: authority.certificate,
  };
  const files = Object.entries(contents).map(async ([name, content]) => {
    const path = join(directory, name);
    await writeFile(path, content);
    return [name, path] as const;
  });
  return Object.fromEntries(await Promise.all(files));
}

describe.skipIf(missingTools(['helm', 'kubeconform']).length > 0)('the Helm chart', () => {
  let directory: string;
  let files: Record<string, string>;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'certificates-'));
    files = await certificateFiles(directory);
  });
  afterAll(() => rm(directory, { recursive: true }));

  describe.each(VARIANTS)('with the values of %s', (variant) => {
    let rendered: Rendered;
    beforeAll(async () => {
      rendered = await render(variantValues(variant), { release: 'r', namespace: 'n' });
    });

    test('passes lint --strict', async () => {
      const output = await helm(['lint', '--strict', CHART], variantValues(variant));
      expect(output).toContain('0 chart(s) failed');
    });

    test('renders objects that match the schemas of Kubernetes and its custom resources', async () => {
      expect(await kubeconform(rendered.yaml)).toContain('Invalid: 0, Errors: 0, Skipped: 0');
    });

    test('puts every object into the namespace of the release', () => {
      for (const { kind = '', metadata } of rendered.objects) {
        expect(metadata?.namespace, kind).toBe(WITHOUT_NAMESPACE.includes(kind) ? undefined : 'n');
      }
    });

    test('selects the pods of the DaemonSet, and not that of helm test', () => {
      const test = theOnly<V1Pod>(rendered, 'Pod').metadata?.labels ?? {};
      for (const selector of selectorsOf(rendered)) {
        expect([isSelected(labelsOf(rendered), selector), selector]).toEqual([true, selector]);
        if ('team' in selector) continue; // the values' own filter
        expect([isSelected(test, selector), selector]).toEqual([false, selector]);
      }
    });

    test('requests no more than Pod Security restricted allows', () => {
      const pods = [probeOf(rendered).pod, theOnly<V1Pod>(rendered, 'Pod').spec];
      for (const spec of pods) {
        const [container] = spec?.containers ?? [];
        expect(spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        expect(spec?.securityContext?.runAsUser).toBeGreaterThan(0);
        expect(container?.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(container?.ports?.some(({ hostPort }) => hostPort !== undefined) ?? false).toBe(
          false,
        );
      }
      expect(probeOf(rendered).pod.hostNetwork ?? false).toBe(variant === 'host-network');
    });

    test('gives the program an environment that it accepts', async () => {
      const environment: Record<string, string> = {
        KUBERNETES_SERVICE_HOST: '10.96.0.1',
        KUBERNETES_SERVICE_PORT: '443',
        POD_NAME: 'kubenurse-x2bwx',
        POD_NAMESPACE: 'n',
        POD_UID: '8d1b0c1e-0000-4000-8000-000000000000',
        NODE_NAME: 'node-1',
        KUBENURSE_NAMESPACE: 'n',
        ...writtenEnvironment(rendered),
      };
      // Only the pod has these files.
      for (const [name, path] of Object.entries(files)) {
        if (environment[name] !== undefined) environment[name] = path;
      }
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      const command = ['env', '-i', ...variables, process.execPath, MAIN, '--check-config'];
      expect(await run(command)).toContain('the configuration is valid');
    });
  });

  test('is refused by kubeconform with a field that does not exist', async () => {
    const { yaml } = await render();
    const wrong = yaml.replace('terminationGracePeriodSeconds:', 'terminationGracePeriod:');
    await expect(kubeconform(wrong)).rejects.toThrow('exit code 1');
  });

  test('keeps two releases in one namespace apart', async () => {
    const values = { networkPolicy: { enabled: true }, podMonitor: { enabled: true } };
    const [one, two] = await Promise.all(
      ['one', 'two'].map((release) => render(values, { release })),
    );
    if (!one || !two) throw new Error('two releases were rendered');
    const names = ({ objects }: Rendered) =>
      objects.map(({ kind, metadata }) => `${kind}/${metadata?.name}`);
    expect(names(one).filter((name) => names(two).includes(name))).toEqual([]);
    for (const [self, other] of [[one, two] as const, [two, one] as const]) {
      for (const selector of selectorsOf(self)) {
        expect(isSelected(labelsOf(other), selector)).toBe(false);
      }
    }
  });

  test('keeps releases of one name in two namespaces apart', async () => {
    const clusterWide = async (namespace: string) =>
      (await render({}, { namespace })).objects
        .filter(({ kind = '' }) => WITHOUT_NAMESPACE.includes(kind))
        .map(({ metadata }) => metadata?.name);
    expect(await clusterWide('a')).toEqual(['a-kubenurse', 'a-kubenurse']);
    expect(await clusterWide('b')).toEqual(['b-kubenurse', 'b-kubenurse']);
  });

  test('has the domain of the cluster in clusterDomain only', async () => {
    const { yaml } = await render(variantValues('names'));
    expect(yaml).toContain('http://probe.kubenurse.svc.cluster.example:80');
    expect(yaml).not.toContain('cluster.local');
  });
});
