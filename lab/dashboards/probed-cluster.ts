import { readFile } from 'node:fs/promises';
import { Cluster } from '../cluster/cluster.ts';
import { NAMESPACE } from '../parts/pod.ts';
import { Prometheus } from '../real/prometheus.ts';
import { shipped } from '../support/shipped.ts';

/** The interval of the checks, of the scrapes and of the pushes. */
export const INTERVAL_MS = 1_000;
/** Stands for Grafana's `$__rate_interval`: ten intervals. */
export const RATE_INTERVAL = '10s';

/**
 * The cluster of `npm run demo`, with checks of its name server, over UDP and of rotating
 * neighbours, and a Prometheus that scrapes it with the shipped configuration.
 */
export class ProbedCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly prometheus: Prometheus;
  readonly #stack: AsyncDisposableStack;

  private constructor(cluster: Cluster, prometheus: Prometheus, stack: AsyncDisposableStack) {
    this.cluster = cluster;
    this.prometheus = prometheus;
    this.#stack = stack;
  }

  /** `network`: the first two bytes of every address. `env`: additional variables of the probes. */
  static async start(
    network: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<ProbedCluster> {
    await using starting = new AsyncDisposableStack();
    const cluster = starting.use(
      await Cluster.start({
        network,
        env: {
          KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
          KUBENURSE_CHECK_DNS: 'true',
          KUBENURSE_CHECK_UDP: 'true',
          // Leaves one of the four neighbours to rotating checks.
          KUBENURSE_NEIGHBOUR_LIMIT: '3',
          ...env,
        },
      }),
    );
    const prometheus = await Prometheus.start(await scrapeOf(cluster));
    starting.defer(() => prometheus.stop());
    return new ProbedCluster(cluster, prometheus, starting.move());
  }

  /** Another Prometheus, which converts all histograms that it scrapes to native ones. */
  async addNative(): Promise<Prometheus> {
    const configuration = await scrapeOf(this.cluster);
    const native = 'convert_classic_histograms_to_nhcb: true';
    const prometheus = await Prometheus.start(
      configuration.replace('static_configs', `${native}\n    static_configs`),
    );
    this.#stack.defer(() => prometheus.stop());
    return prometheus;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/**
 * The shipped configuration, with static targets instead of Kubernetes' pods, and a scrape every
 * `intervalMs` milliseconds. Rejects if the shipped file cannot be read.
 */
export async function scrapeOf(
  { nodes }: Pick<Cluster, 'nodes'>,
  intervalMs = INTERVAL_MS,
): Promise<string> {
  const targets = nodes.map(({ name, podName, url }) => ({
    targets: [new URL(url).host],
    labels: {
      __meta_kubernetes_pod_container_port_number: '8080',
      __meta_kubernetes_pod_phase: 'Running',
      __meta_kubernetes_pod_node_name: name,
      __meta_kubernetes_pod_name: podName,
      __meta_kubernetes_namespace: NAMESPACE,
    },
  }));
  const text = await readFile(shipped('scrape/prometheus.yml'), 'utf8');
  const interval = `${intervalMs}ms`;
  return `global: {scrape_interval: ${interval}, scrape_timeout: ${interval}}\n${text.replace(
    /kubernetes_sd_configs:\n( {6}.*\n)+/,
    `static_configs: ${JSON.stringify(targets)}\n`,
  )}`;
}
