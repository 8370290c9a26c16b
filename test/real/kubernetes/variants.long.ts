import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { writeCollectorImage } from '../../../lab/kubernetes/images.ts';
import { whyNoKubernetes } from '../../../lab/kubernetes/prerequisites.ts';
import { probePods, untilAllIsWell } from '../../../lab/kubernetes/probes.ts';
import { CertificateAuthority } from '../../../lab/support/certificates.ts';
import { run } from '../../../lab/support/command.ts';
import { httpGet } from '../../../lab/support/http-get.ts';
import { until } from '../../../lab/support/until.ts';
import { CHART, variantValues } from '../helm.ts';
import { VARIANTS } from '../kustomize.ts';

const DEPLOY = join(import.meta.dirname, '../../../deploy/kustomize');
const COLLECTOR = join(import.meta.dirname, '../../../otel-collector/gateway');
const CRDS = join(import.meta.dirname, '../../../lab/tools/bin/crds');
const NAMESPACE = 'kubenurse';
const TITLE = 'every way to install it';
/** The pods respond for some seconds more. */
const REMOVAL_LIMIT_MS = 90_000;
const WELL_LIMIT_MS = 30_000;
/** Nothing is at the URL that they are given. */
const UNSERVED = ['me_ingress', 'example'];

const skipped = whyNoKubernetes();

describe.skipIf(skipped)(skipped === undefined ? TITLE : `${TITLE}: ${skipped}`, () => {
  let cluster: KubernetesCluster;
  const kubectl = (...args: string[]) => cluster.kubectl.run(...args);

  const recreateNamespace = async () => {
    const removal = ['delete', 'namespace', NAMESPACE, '--ignore-not-found'];
    await run([...cluster.kubectl.command, ...removal], '', REMOVAL_LIMIT_MS);
    await kubectl('create', 'namespace', NAMESPACE);
    const authority = await CertificateAuthority.create('the Secret');
    const { certificate, key } = await authority.issue({ commonName: 'kubenurse' });
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: 'kubenurse-tls', namespace: NAMESPACE },
      stringData: { 'tls.crt': certificate, 'tls.key': key },
    });
  };
  const applyFolder = async (folder: string) => {
    const manifests = await kubectl('kustomize', folder);
    await run([...cluster.kubectl.command, 'apply', '--filename=-'], manifests);
  };
  const untilWell = async () => {
    const rollout = ['rollout', 'status', 'daemonset/kubenurse', '--timeout=90s'];
    await run([...cluster.kubectl.command, `--namespace=${NAMESPACE}`, ...rollout], '', 100_000);
    const { length } = cluster.nodes;
    await untilAllIsWell(cluster, NAMESPACE, length, WELL_LIMIT_MS, UNSERVED);
  };

  beforeAll(async () => {
    cluster = await KubernetesCluster.start({ families: ['IPv4', 'IPv6'] });
    await kubectl('apply', `--filename=${CRDS}`);
  });
  afterAll(() => cluster?.close());

  test.each(VARIANTS)('deploy/kustomize/%s', async (variant) => {
    await recreateNamespace();
    await applyFolder(join(DEPLOY, variant));
    await untilWell();
    if (!variant.endsWith('dual-stack')) return;
    const { spec } = await cluster.admin.get(`/api/v1/namespaces/${NAMESPACE}/services/kubenurse`);
    expect(spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
  });

  test("the chart with the values of upstream's, which name another image", async () => {
    await recreateNamespace();
    await cluster.helm(
      [
        ...['install', 'kubenurse', CHART, `--namespace=${NAMESPACE}`, '--wait'],
        ...['--values=-', '--timeout=90s'],
      ],
      variantValues('upstream-1.15'),
    );
    await untilWell();
    await cluster.helm(['uninstall', 'kubenurse', `--namespace=${NAMESPACE}`, '--wait']);
  });

  test('pushes reach the Collector of otel-collector/gateway from every node', async () => {
    await recreateNamespace();
    // The nodes see it: only /etc, /opt, /run and /var are theirs alone.
    const folder = await mkdtemp('/tmp/collector-');
    onTestFinished(() => rm(folder, { recursive: true }));
    const archive = join(folder, 'collector.tar');
    await writeCollectorImage(archive);
    await Promise.all(cluster.nodes.map((node) => node.importImage(archive)));
    await applyFolder(COLLECTOR);
    await applyFolder(join(DEPLOY, 'overlays/otlp'));
    await kubectl(
      ...[`--namespace=${NAMESPACE}`, 'set', 'env', 'daemonset/kubenurse'],
      'OTEL_METRIC_EXPORT_INTERVAL=5000',
    );
    await untilWell();
    const { items } = await cluster.admin.get(
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=app.kubernetes.io%2Fname%3Dkubenurse-gateway`,
    );
    await until('the series of every node are there', 30_000, async () => {
      const { body } = await httpGet(`http://${items[0].status.podIP}:8889/metrics`, 5_000);
      return cluster.nodes.every(({ name }) =>
        new RegExp(`^kubenurse_check_success\\{.*node="${name}"`, 'm').test(body),
      );
    });
    expect(await probePods(cluster, NAMESPACE)).toHaveLength(3);
  });
});
