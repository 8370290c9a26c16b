import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prometheus } from '../real/prometheus.ts';
import { shipped } from '../support/shipped.ts';
import { SELDOM_MS, until } from '../support/until.ts';
import type { KubernetesCluster } from './cluster.ts';

const RULES = new URL('../../deploy/helm/kubenurse/files/prometheus-rule.yaml', import.meta.url);
const INTERVALS = '{scrape_interval: 15s, scrape_timeout: 10s, evaluation_interval: 15s}';

const SETTLED_LIMIT_MS = 120_000;

/** An alert that is firing or pending, such as `KubenurseNodeUnreachable node-3`. */
export type Alert = Readonly<{ name: string; isFiring: boolean }>;

/**
 * A Prometheus beside the cluster, with the shipped configuration and rules. It discovers pods
 * through the API server.
 */
export class Monitoring implements AsyncDisposable {
  readonly prometheus: Prometheus;
  readonly #folder: string;

  private constructor(prometheus: Prometheus, folder: string) {
    this.prometheus = prometheus;
    this.#folder = folder;
  }

  /**
   * Scrapes the pods of this namespace. It omits `keep_firing_for`, so that an alert ends with its
   * fault.
   */
  static async start(
    { kubectl: { kubeconfig } }: KubernetesCluster,
    namespace: string,
  ): Promise<Monitoring> {
    const folder = await mkdtemp(join(tmpdir(), 'monitoring-'));
    const rules = join(folder, 'rules.yaml');
    await writeFile(rules, ruleFile(await readFile(RULES, 'utf8')));
    const scrape = await readFile(shipped('scrape/prometheus.yml'), 'utf8');
    const found = scrape
      .replace('names: [kubenurse]', `names: [${namespace}]`)
      .replace(
        '- role: pod\n        namesp',
        `- role: pod\n        kubeconfig_file: ${kubeconfig}\n        namesp`,
      );
    const configuration = `global: ${INTERVALS}\nrule_files: [${rules}]\n${found}`;
    return new Monitoring(await Prometheus.start(configuration), folder);
  }

  /**
   * Resolves once the rules know every path between this many nodes, and there are samples from a
   * minute.
   */
  untilSettled(nodes: number): Promise<void> {
    const paths = nodes * (nodes - 1);
    return until(
      'each path has been scraped for a minute',
      SETTLED_LIMIT_MS,
      async () => {
        const [seen] = await this.prometheus.query(
          'count(kubenurse_check_failures_total offset 1m)',
        );
        const [known] = await this.prometheus.query('count(kubenurse:path_failed:bool)');
        return seen !== undefined && known?.value === paths;
      },
      SELDOM_MS,
    );
  }

  async alerts(): Promise<Alert[]> {
    const series = await this.prometheus.query('ALERTS');
    return series.map(({ labels }) => ({
      name: `${labels.alertname} ${labels.dst ?? labels.node ?? ''}`.trim(),
      isFiring: labels.alertstate === 'firing',
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.prometheus.stop();
    await rm(this.#folder, { recursive: true });
  }
}

/** The part of a PrometheusRule below its `spec`, as a rule file. */
function ruleFile(prometheusRule: string): string {
  const [, groups = ''] = prometheusRule.split(/^spec:\n/m);
  return groups.replaceAll(/^ +keep_firing_for: .*\n/gm, '');
}
