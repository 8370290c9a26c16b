import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { allIsWell } from '../../lab/cluster/scenario.ts';
import { scrapeOf } from '../../lab/dashboards/probed-cluster.ts';
import { whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { Prometheus } from '../../lab/real/prometheus.ts';
import { realParts } from '../../lab/real/real-parts.ts';
import { until } from '../../lab/support/until.ts';
import { missingTools } from '../../lab/tools/tool.ts';

const RULES = new URL('../../deploy/helm/kubenurse/files/prometheus-rule.yaml', import.meta.url);

const SCRAPE_MS = 15_000;
/**
 * What docs/alerts.md promises, from the fault to the alert, for an outage and for an MTU fault.
 */
const OUTAGE_SECONDS = 90;
const MTU_SECONDS = 120;

const START_LIMIT_MS = 180_000;
/** Until each series has samples for the minute that the rules look back on. */
const SETTLED_LIMIT_MS = 120_000;
const WELL_LIMIT_MS = 60_000;
/** Up to six times as long. */
const FIRES_LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 300_000;

const [missing] = missingTools(['prometheus']);
const skipped = whyNoControlPlane() ?? (missing && `${missing} is missing: npm run tools`);

/**
 * A fault, the alert that it must lead to within this many seconds, and the cause of the failures
 * of these checks.
 */
const FAULTS = [
  ['node-3:deaf', 'KubenurseNodeUnreachable', OUTAGE_SECONDS, 'path_node-3', 'unreachable'],
  ['node-2:down', 'KubenurseNodeUnreachable', OUTAGE_SECONDS, 'path_node-2', 'refused'],
  [
    'api-server:down',
    'KubenurseApiServerUnreachable',
    OUTAGE_SECONDS,
    'api_server_direct',
    'refused',
  ],
  ['network:split=2', 'KubenursePartition', OUTAGE_SECONDS, 'path_.+', 'unreachable'],
  ['node-4:mtu-black-hole', 'KubenurseMtuFault', MTU_SECONDS, 'path_node-4', 'mtu'],
] as const;

const title = 'with a check each 5 s and a scrape each 15 s';

describe.skipIf(skipped)(skipped === undefined ? title : `${title}: ${skipped}`, () => {
  const opened = new AsyncDisposableStack();
  let cluster: Cluster;
  let prometheus: Prometheus;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubenurse-rules-'));
    opened.defer(() => rm(folder, { recursive: true }));
    const { spec } = loadYaml<{ spec: object }>(await readFile(RULES, 'utf8'));
    const file = join(folder, 'rules.yaml');
    await writeFile(file, JSON.stringify(spec));
    cluster = await Cluster.startOf(realParts({ network: '10.67' }));
    opened.defer(() => cluster.close());
    const scrape = await scrapeOf(cluster, SCRAPE_MS);
    prometheus = await Prometheus.start(`rule_files: [${JSON.stringify(file)}]\n${scrape}`);
    opened.defer(() => prometheus.stop());
    await allIsWell(cluster, WELL_LIMIT_MS);
    const paths = cluster.nodes.length * (cluster.nodes.length - 1);
    await until('each path has been scraped for a minute', SETTLED_LIMIT_MS, async () => {
      const [seen] = await prometheus.query('count(kubenurse_check_failures_total offset 1m)');
      const [known] = await prometheus.query('count(kubenurse:path_failed:bool)');
      return seen !== undefined && known?.value === paths;
    });
  }, START_LIMIT_MS);
  afterAll(() => opened.disposeAsync(), START_LIMIT_MS);

  const firing = async (): Promise<string[]> => {
    const alerts = await prometheus.query('ALERTS{alertstate="firing"}');
    return alerts.map(({ labels }) =>
      `${labels.alertname} ${labels.dst ?? labels.node ?? ''}`.trim(),
    );
  };

  test.each(FAULTS)(
    '%s: %s fires within %d s, and its checks fail: %s, %s',
    async (fault, alert, promisedSeconds, type, cause) => {
      const [, node] = /^path_(node-\d)$/.exec(type) ?? [];
      const expected = node === undefined ? alert : `${alert} ${node}`;
      expect(await firing()).not.toContain(expected);
      await cluster.break(fault);
      const began = performance.now();
      try {
        await until(`${alert} fires`, FIRES_LIMIT_MS, async () =>
          (await firing()).includes(expected),
        );
        const seconds = (performance.now() - began) / 1_000;
        console.log(`${fault}: ${alert} fires after ${seconds.toFixed(0)} s`);
        const causes = await prometheus.query(
          `topk(1, sum by (cause) (kubenurse:check_failures:increase1m{type=~"${type}"}))`,
        );
        expect(causes.map(({ labels }) => labels.cause)).toEqual([cause]);
        expect(seconds).toBeLessThan(promisedSeconds);
      } finally {
        await cluster.heal('all');
        await allIsWell(cluster, WELL_LIMIT_MS);
      }
    },
    TEST_LIMIT_MS,
  );
});
