import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { KubernetesCluster } from '../../../lab/kubernetes/cluster.ts';
import { writeCollectorImage } from '../../../lab/kubernetes/images.ts';
import { Prometheus } from '../../../lab/real/prometheus.ts';
import { httpGet } from '../../../lab/support/http-get.ts';
import { freePort } from '../../../lab/support/server-process.ts';
import { shipped } from '../../../lab/support/shipped.ts';
import { until } from '../../../lab/support/until.ts';
import { toUrlHost } from '../../../lab/support/url-host.ts';
import { render } from '../kustomize.ts';
import type { Given } from './kubernetes-tests.ts';
import {
  applyFolder,
  applyYaml,
  DEPLOY,
  KUSTOMIZE_NAMESPACE as NAMESPACE,
  recreateNamespace,
  untilInstalled,
  untilRolledOut,
} from './kustomized.ts';

const ARRIVAL_LIMIT_MS = 30_000;
const PUSH_INTERVAL = 'OTEL_METRIC_EXPORT_INTERVAL';
const PUSH_INTERVAL_MS = '5000';
const OTLP_PORT = 4318;

/** A Collector that pushes to a Prometheus, as otel-collector/README.md describes it. */
type Pushing = Readonly<{
  folder: 'agent' | 'remote-write';
  kind: 'DaemonSet' | 'Deployment';
  /** What the probe pushes to. */
  host: string;
  /** The variable with the URL of Prometheus, and its path. */
  target: string;
  path: string;
  /** The folder of the configuration of Prometheus, and its flag. */
  prometheus: string;
  flag: string;
}>;

const PUSHING: readonly Pushing[] = [
  {
    folder: 'agent',
    kind: 'DaemonSet',
    host: '$(KUBENURSE_AGENT_SERVICE_HOST)',
    target: 'OTLP_ENDPOINT',
    path: '/api/v1/otlp',
    prometheus: 'prometheus-otlp',
    flag: '--web.enable-otlp-receiver',
  },
  {
    folder: 'remote-write',
    kind: 'Deployment',
    host: 'kubenurse-remote-write',
    target: 'REMOTE_WRITE_URL',
    path: '/api/v1/write',
    prometheus: 'remote-write',
    flag: '--web.enable-remote-write-receiver',
  },
];

/** Pushes from the probes of a cluster through each Collector of otel-collector/. */
export function collectorTests(given: Given): void {
  test('pushes reach the Collector of otel-collector/gateway from every node', async () => {
    const cluster = given();
    await recreateNamespace(cluster);
    await importCollector(cluster);
    await applyFolder(cluster, shipped('gateway'));
    await applyFolder(cluster, join(DEPLOY, 'overlays/otlp'));
    await cluster.kubectl.run(
      ...[`--namespace=${NAMESPACE}`, 'set', 'env', 'daemonset/kubenurse'],
      `${PUSH_INTERVAL}=${PUSH_INTERVAL_MS}`,
    );
    await untilInstalled(cluster);
    const [address] = await addressesOf(cluster, 'kubenurse-gateway');
    await until('the series of every node are there', ARRIVAL_LIMIT_MS, async () => {
      const { body } = await httpGet(`http://${address}:8889/metrics`, 5_000);
      return cluster.nodes.every(({ name }) =>
        new RegExp(`^kubenurse_check_success\\{.*node="${name}"`, 'm').test(body),
      );
    });
  });

  test.each(PUSHING)(
    'pushes reach a Prometheus through otel-collector/$folder from every node',
    async (pushing) => {
      const cluster = given();
      await recreateNamespace(cluster);
      await importCollector(cluster);
      const [operator = ''] = cluster.fabric.operator;
      const address = `${toUrlHost(operator)}:${await freePort()}`;
      const configuration = await readFile(shipped(`${pushing.prometheus}/prometheus.yml`), 'utf8');
      const listen = `--web.listen-address=${address}`;
      const prometheus = await Prometheus.start(configuration, [pushing.flag, listen]);
      onTestFinished(() => prometheus.stop());

      await applyYaml(cluster, await collectorOf(pushing, `http://${address}${pushing.path}`));
      const name = `kubenurse-${pushing.folder}`;
      // Pods that start after a Service have its variables.
      await untilRolledOut(cluster, `${pushing.kind.toLowerCase()}/${name}`);
      await applyYaml(cluster, await probesOf(pushing));
      await untilInstalled(cluster);

      const nodes = cluster.nodes.map((node) => node.name);
      await until('the series of every node are there', ARRIVAL_LIMIT_MS, async () => {
        const query = `kubenurse_check_success{job="kubenurse",namespace="${NAMESPACE}",pod!=""}`;
        const series = await prometheus.query(`count by (node) (${query})`);
        const arrived = series.map(({ labels }) => labels.node);
        return nodes.every((node) => arrived.includes(node));
      });
      // An agent on each node, each of which gets pushes.
      const collectors = await addressesOf(cluster, name);
      expect(collectors).toHaveLength(pushing.kind === 'DaemonSet' ? nodes.length : 1);
      for (const collector of collectors) {
        const { body } = await httpGet(`http://${collector}:8888/metrics`, 5_000);
        expect(body).toMatch(/^otelcol_receiver_accepted_metric_points\S* [1-9]/m);
        expect(body).not.toMatch(/^otelcol_exporter_send_failed_metric_points\S* [1-9]/m);
      }
    },
  );
}

/** Imports the Collector's image into each node. */
async function importCollector(cluster: KubernetesCluster): Promise<void> {
  // The nodes see it: only /etc, /opt, /run and /var are their own.
  const folder = await mkdtemp('/tmp/collector-');
  onTestFinished(() => rm(folder, { recursive: true }));
  const archive = join(folder, 'collector.tar');
  await writeCollectorImage(archive);
  await Promise.all(cluster.nodes.map((node) => node.importImage(archive)));
}

/** An overlay of its folder, with the URL that it pushes to. */
async function collectorOf({ folder, kind, target }: Pushing, url: string): Promise<string> {
  const patch = variablePatch(kind, `kubenurse-${folder}`, 'collector', target, url);
  return (await render({ of: `../../otel-collector/${folder}`, patches: [patch] })).yaml;
}

/** An overlay of the base that makes the probes push to the Collector. */
async function probesOf({ folder, host }: Pushing): Promise<string> {
  const url = `http://${host}:${OTLP_PORT}`;
  const podSelector = { matchLabels: { 'app.kubernetes.io/name': `kubenurse-${folder}` } };
  const rule = { to: [{ podSelector }], ports: [{ port: OTLP_PORT }] };
  const { yaml } = await render({
    of: 'base',
    settings: { [PUSH_INTERVAL]: PUSH_INTERVAL_MS },
    patches: [
      variablePatch('DaemonSet', 'kubenurse', 'kubenurse', 'OTEL_EXPORTER_OTLP_ENDPOINT', url),
      {
        target: { kind: 'NetworkPolicy', name: 'kubenurse' },
        patch: JSON.stringify([{ op: 'add', path: '/spec/egress/-', value: rule }]),
      },
    ],
  });
  return yaml;
}

/** A patch that sets a variable of a container. */
function variablePatch(
  kind: string,
  name: string,
  container: string,
  variable: string,
  value: string,
): object {
  const containers = [{ name: container, env: [{ name: variable, value }] }];
  const spec = { template: { spec: { containers } } };
  return { patch: JSON.stringify({ apiVersion: 'apps/v1', kind, metadata: { name }, spec }) };
}

/** The addresses of the pods of this name, as they are written in a URL. */
async function addressesOf({ admin }: KubernetesCluster, name: string): Promise<string[]> {
  const selector = `labelSelector=app.kubernetes.io%2Fname%3D${name}`;
  const { items } = await admin.get(`/api/v1/namespaces/${NAMESPACE}/pods?${selector}`);
  return items.map(({ status }: { status: { podIP: string } }) => toUrlHost(status.podIP));
}
