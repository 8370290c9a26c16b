import { readFile } from 'node:fs/promises';
import { Prometheus } from '../../lab/real/prometheus.ts';
import { freePort } from '../../lab/support/server-process.ts';
import { shipped } from '../../lab/support/shipped.ts';
import { Collector } from './collector.ts';
import { METRICS, type Metric, otlpRequest } from './sample.ts';

/** What the probe reports about itself in every push. */
const RESOURCE = {
  'service.name': 'kubenurse',
  'service.instance.id': '6cbe1a34-97a1-4d7c-9b4f-6d1a7a0b2f10',
  'k8s.node.name': 'node-a',
  'k8s.pod.name': 'kubenurse-x2bwx',
  'k8s.namespace.name': 'kubenurse',
  'k8s.cluster.name': 'blue',
};

/**
 * The labels of every series, in addition to its own, that identify its origin: those of a scraped
 * probe.
 */
export const ORIGIN = {
  job: 'kubenurse',
  node: 'node-a',
  pod: 'kubenurse-x2bwx',
  namespace: 'kubenurse',
  cluster: 'blue',
};

/** The same, and the label `instance` that a pushed series has. */
export const PUSHED_ORIGIN = { ...ORIGIN, instance: RESOURCE['service.instance.id'] };

/** Takes the probe's pushes to a Prometheus, through the shipped configurations. */
export class Pipeline implements AsyncDisposable {
  readonly prometheus: Prometheus;
  /** What the probe pushes to: a Collector, or Prometheus itself. */
  readonly receiver: Collector | Prometheus;
  readonly #endpoint: string;
  readonly #resource: Readonly<Record<string, string>>;

  constructor(
    prometheus: Prometheus,
    receiver: Collector | Prometheus,
    endpoint: string,
    resource: Readonly<Record<string, string>> = RESOURCE,
  ) {
    this.prometheus = prometheus;
    this.receiver = receiver;
    this.#endpoint = endpoint;
    this.#resource = resource;
  }

  /** What the processes have written. */
  get output(): string {
    return this.receiver === this.prometheus
      ? this.prometheus.output
      : `${this.receiver.output}\n${this.prometheus.output}`;
  }

  /**
   * Pushes what the probe has counted in `rounds` rounds, as of `time` (milliseconds since 1970).
   * Throws if it is not accepted.
   */
  async push(
    rounds: number,
    {
      time = Date.now(),
      metrics = METRICS,
      resource = this.#resource,
    }: {
      time?: number;
      metrics?: readonly Metric[];
      resource?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<void> {
    const response = await fetch(`${this.#endpoint}/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: otlpRequest(metrics, rounds, resource, time),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`push: ${response.status} ${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.prometheus.stop(), this.receiver.stop()]);
  }
}

/** Each pipeline, by the name of its folder in otel-collector/. */
export const PIPELINES: Readonly<Record<string, () => Promise<Pipeline>>> = {
  gateway: async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const prometheus = await Prometheus.start(
      await scraping('gateway', /kubenurse-gateway\.kubenurse\.svc:8889/, address),
    );
    return through(prometheus, 'gateway', {
      settings: [`exporters.prometheus.endpoint=${address}`],
    });
  },
  agent: async () => {
    const prometheus = await receivingOtlp();
    return through(prometheus, 'agent', {
      environment: { OTLP_ENDPOINT: `${prometheus.url}/api/v1/otlp` },
    });
  },
  'remote-write': async () => {
    const prometheus = await Prometheus.start(
      await readFile(shipped('remote-write/prometheus.yml'), 'utf8'),
      ['--web.enable-remote-write-receiver'],
    );
    return through(prometheus, 'remote-write', {
      environment: { REMOTE_WRITE_URL: `${prometheus.url}/api/v1/write` },
    });
  },
  'prometheus-otlp': async () => {
    const prometheus = await receivingOtlp();
    // What OTEL_RESOURCE_ATTRIBUTES adds, since Prometheus renames nothing.
    const { job, ...labels } = ORIGIN;
    return new Pipeline(prometheus, prometheus, `${prometheus.url}/api/v1/otlp`, {
      ...RESOURCE,
      ...labels,
    });
  },
};

/**
 * The Prometheus configuration of this folder, scraping five times a second, with what `targets`
 * matches replaced by `replacement`. Throws if `targets` matches nothing.
 */
export async function scraping(
  folder: string,
  targets: RegExp,
  replacement: string,
): Promise<string> {
  const text = await readFile(shipped(`${folder}/prometheus.yml`), 'utf8');
  if (!targets.test(text)) throw new Error(`${folder}/prometheus.yml: no ${targets}`);
  const often = 'global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n';
  return often + text.replace(targets, replacement);
}

async function receivingOtlp(): Promise<Prometheus> {
  const configuration = await readFile(shipped('prometheus-otlp/prometheus.yml'), 'utf8');
  return Prometheus.start(configuration, ['--web.enable-otlp-receiver']);
}

async function through(
  prometheus: Prometheus,
  folder: string,
  options: Parameters<typeof Collector.start>[1],
): Promise<Pipeline> {
  try {
    const collector = await Collector.start(shipped(`${folder}/collector.yaml`), options);
    return new Pipeline(prometheus, collector, collector.endpoint);
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
}
