import { describe, expect, test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { CHART, helm, type Values, variantValues } from './helm.ts';

/** What helm shows after an installation. */
async function notes(values: Values): Promise<string> {
  const install = ['install', 'kubenurse', CHART, '--namespace=kubenurse', '--dry-run=client'];
  const [, text = ''] = (await helm(install, values)).split('\nNOTES:\n');
  return text;
}

describe.skipIf(missingTools(['helm']).length > 0)('the Helm chart', () => {
  test('reports how to see /alive, and nothing more if there is nothing to report', async () => {
    const values = {
      ingress: { url: 'a.example.com', className: 'traefik' },
      fullnameOverride: 'x',
    };
    expect(
      await notes(values),
    ).toBe(`kubenurse 0.1.0 runs on every node of the cluster. To see what is wrong:

  kubectl --namespace kubenurse rollout status daemonset/x
  kubectl --namespace kubenurse port-forward daemonset/x 8080:8080
  curl http://localhost:8080/cluster.txt    # or http://localhost:8080/cluster in a browser
  curl http://localhost:8080/alive          # results of this pod alone

Test the release: helm test --namespace kubenurse kubenurse --logs

In a cluster of 10 nodes or fewer one cordoned node blocks a rollout, because its pod is intentionally not ready: uncordon it,
or raise updateStrategy.rollingUpdate.maxUnavailable, which is 10%.
`);
  });

  test.each<[Values, string]>([
    [{}, 'The ingress is not checked: set ingress.url'],
    [{ ingress: { url: 'a.example.com' } }, 'ingress.className is not set'],
    [{ insecure: true }, 'certificates are not verified'],
    [{ insecure: 'True' }, 'insecure is "True", neither true nor false'],
    [{ allow_unschedulable: 1 }, 'allow_unschedulable is "1", neither true nor false'],
    [{ hostNetwork: true }, 'the namespace kubenurse must allow Pod Security "privileged"'],
    [variantValues('tls'), 'a certificate without these addresses is rejected'],
    [variantValues('upstream-1.15'), 'daemonset.rollingUpdate: now updateStrategy.rollingUpdate'],
    [variantValues('upstream-1.15'), "daemonset.image names upstream's program and is ignored"],
    [variantValues('upstream-used'), 'daemonset.extraEnvs: now extraEnv'],
    [variantValues('upstream-used'), 'serviceMonitor.labels: now serviceMonitor.additionalLabels'],
    [variantValues('upstream-used'), "needs more memory than upstream's"],
    [
      { daemonset: { rollingUpdate: { maxUnavailable: '33%' } } },
      'In a cluster of 3 nodes or fewer one cordoned node blocks a rollout',
    ],
    [
      { updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } },
      'In a cluster of any size one cordoned node blocks a rollout',
    ],
    [
      { updateStrategy: { rollingUpdate: { maxSurge: 1 } } },
      'updateStrategy.rollingUpdate.maxSurge',
    ],
  ])('notes for %o what the user must know', async (values, text) => {
    expect(await notes(values)).toContain(text);
  });

  test.each<Values>([
    { updateStrategy: { type: 'OnDelete' } },
    { updateStrategy: { rollingUpdate: { maxUnavailable: 2 } } },
  ])('notes for %o no rollout that waits for a cordoned node', async (values) => {
    expect(await notes(values)).not.toContain('cordoned');
  });
});
