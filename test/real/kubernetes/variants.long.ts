import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CHART, variantValues } from '../helm.ts';
import { VARIANTS } from '../kustomize.ts';
import { collectorTests } from './collectors.ts';
import { describeCluster } from './kubernetes-tests.ts';
import {
  applyFolder,
  DEPLOY,
  KUSTOMIZE_NAMESPACE as NAMESPACE,
  recreateNamespace,
  untilInstalled,
} from './kustomized.ts';

const CRDS = join(import.meta.dirname, '../../../lab/tools/bin/crds');

describeCluster(
  'every way to install it',
  {
    families: ['IPv4', 'IPv6'],
    prepare: async ({ kubectl }) => void (await kubectl.run('apply', `--filename=${CRDS}`)),
  },
  (given) => {
    test.each(VARIANTS)('deploy/kustomize/%s', async (variant) => {
      const cluster = given();
      await recreateNamespace(cluster);
      await applyFolder(cluster, join(DEPLOY, variant));
      await untilInstalled(cluster);
      if (!variant.endsWith('dual-stack')) return;
      const { spec } = await cluster.admin.get(
        `/api/v1/namespaces/${NAMESPACE}/services/kubenurse`,
      );
      expect(spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
    });

    test("the chart with upstream's values, which name another image", async () => {
      const cluster = given();
      await recreateNamespace(cluster);
      await cluster.helm(
        [
          ...['install', 'kubenurse', CHART, `--namespace=${NAMESPACE}`, '--wait'],
          ...['--values=-', '--timeout=90s'],
        ],
        variantValues('upstream-1.15'),
      );
      await untilInstalled(cluster);
      await cluster.helm(['uninstall', 'kubenurse', `--namespace=${NAMESPACE}`, '--wait']);
    });

    collectorTests(given);
  },
);
