import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { withExportedLabels } from './exported-labels.ts';
import type { CreateExporter, Tls } from './exporter.ts';
import type { HistogramAggregation, Temporality } from './reader.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** OTEL_EXPORTER_OTLP_TIMEOUT's default, in milliseconds (the specification). */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Where the receiver's certificate is not trusted: what says whom to trust. */
const REMEDY =
  'OTEL_EXPORTER_OTLP_CERTIFICATE or, where that is not set, KUBENURSE_EXTRA_CA can name its CA';

/**
 * Pushes by OTLP over HTTP. What the package reads from the environment itself is left to it: endpoint, headers,
 * compression.
 */
export const createExporter: CreateExporter = async ({ environment, tls, push }) => {
  const Exporter = await loadExporter(variable(environment, 'PROTOCOL'));
  const timeout = Number(variable(environment, 'TIMEOUT') ?? DEFAULT_TIMEOUT_MS);
  return push(
    async (metrics, signal) => {
      // An agent for each export, so that the certificates are read afresh, and all that an export has opened can be cut:
      // the package itself never gives up on an answer that trickles.
      const agent = createAgent(environment, tls);
      const isOver = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      try {
        const exporter = new Exporter({
          httpAgentOptions: () => agent,
          // Asked for before each attempt, so that none begins once it is over.
          headers: async () => {
            isOver.throwIfAborted();
            return {};
          },
        });
        await send(exporter, withExportedLabels(metrics), isOver);
      } catch (cause) {
        const words = tls.untrusted(cause, REMEDY);
        if (words !== undefined) throw new Error(words, { cause });
        if ((cause as Error).name !== 'TimeoutError') throw cause;
        throw new Error(`no success within ${timeout / 1000} s`, { cause });
      } finally {
        agent.destroy();
      }
    },
    {
      temporality: variable(environment, 'TEMPORALITY_PREFERENCE')?.toLowerCase() as Temporality,
      histograms: variable(environment, 'DEFAULT_HISTOGRAM_AGGREGATION') as HistogramAggregation,
    },
  );
};

/** The variable for metrics, or the one for every signal. */
function variable(environment: Environment, name: string): string | undefined {
  return (
    environment[`OTEL_EXPORTER_OTLP_METRICS_${name}`] ||
    environment[`OTEL_EXPORTER_OTLP_${name}`] ||
    undefined
  );
}

/** Only the one that is used: the other would stay in memory as well. */
async function loadExporter(protocol = 'http/protobuf') {
  return protocol === 'http/json'
    ? (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter
    : (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter;
}

function createAgent(environment: Environment, tls: Tls): HttpAgent {
  const endpoint = variable(environment, 'ENDPOINT') ?? 'http://localhost:4318';
  if (new URL(endpoint).protocol !== 'https:') return new HttpAgent();
  const file = (name: string) => {
    const path = variable(environment, name);
    return path === undefined ? undefined : readFileSync(path);
  };
  return new HttpsAgent(
    tls.options({
      ca: file('CERTIFICATE'),
      cert: file('CLIENT_CERTIFICATE'),
      key: file('CLIENT_KEY'),
    }),
  );
}

function send(
  exporter: PushMetricExporter,
  metrics: ResourceMetrics,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    exporter.export(metrics, ({ error }) => {
      if (error === undefined) resolve();
      else reject(describe(error));
    });
  });
}

/** What the package says where it has given up on an answer that asked it to try again; it does not say which. */
const RETRYABLE = 'Export failed with retryable status';

/** In words, with the status that the package keeps beside the message. */
function describe(cause: Error & { code?: number | string }): Error {
  const { code, message } = cause;
  if (message === RETRYABLE) {
    return new Error('every attempt was answered with 429, 502, 503 or 504', { cause });
  }
  if (code === undefined || message.includes(String(code))) return cause;
  return new Error(`${message} (${code})`, { cause });
}
