import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { withExportedLabels } from './exported-labels.ts';
import type { CreateExporter, OtlpSettings, Tls } from './exporter.ts';
import { followPartialSuccess } from './partial-success.ts';
import { limitResponses } from './response-limit.ts';
import { ignoreEmptyWaits } from './retry-after.ts';

/** Added to the error if the receiver's certificate is not trusted. */
const REMEDY =
  'name its CA in OTEL_EXPORTER_OTLP_CERTIFICATE or, if that is not set, KUBENURSE_EXTRA_CA';

/** Pushes by OTLP over HTTP. */
export const createExporter: CreateExporter = async ({ settings: { otlp }, tls, push }) => {
  const { timeout, temporality, histograms } = otlp;
  const Exporter = await loadExporter(otlp.protocol);
  const takePartialSuccess = followPartialSuccess();
  return push(
    async (metrics, signal) => {
      // Each export has its own agent, so that the certificates are read again, and all connections
      // that the export has opened can be closed: the package itself never gives up on a response
      // that trickles in.
      const agent = createAgent(otlp, tls);
      const isOver = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
      takePartialSuccess();
      const stopIgnoring = ignoreEmptyWaits();
      const stopLimiting = limitResponses(agent);
      try {
        const exporter = new Exporter({
          url: otlp.url.href,
          timeoutMillis: timeout,
          compression: otlp.compression as CompressionAlgorithm,
          httpAgentOptions: () => agent,
          // Called before each attempt, so that none begins once the export is over.
          headers: async () => {
            isOver.throwIfAborted();
            return { ...otlp.headers };
          },
        });
        await send(exporter, withExportedLabels(metrics), isOver);
      } catch (cause) {
        const words = tls.untrusted(cause, REMEDY);
        if (words !== undefined) throw new Error(words, { cause });
        if ((cause as Error).name !== 'TimeoutError') throw cause;
        throw new Error(`timed out after ${timeout / 1000} s`, { cause });
      } finally {
        stopIgnoring();
        stopLimiting();
        agent.destroy();
      }
      const rejected = takePartialSuccess();
      if (rejected !== undefined) throw new Error(rejected);
    },
    { temporality, histograms },
  );
};

/** The package's own type, which none of the packages imported here exports. */
type CompressionAlgorithm = NonNullable<
  NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>['compression']
>;

/** Loads only the one that is used: the other would stay in memory as well. */
async function loadExporter(protocol: OtlpSettings['protocol']) {
  return protocol === 'http/json'
    ? (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter
    : (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter;
}

function createAgent(otlp: OtlpSettings, tls: Tls): HttpAgent {
  if (otlp.url.protocol !== 'https:') return new HttpAgent();
  const read = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path));
  return new HttpsAgent(
    tls.options({
      ca: read(otlp.certificate),
      cert: read(otlp.clientCertificate),
      key: read(otlp.clientKey),
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

/**
 * The package's error after it has given up on retryable responses; it does not name their status.
 */
const RETRYABLE = 'Export failed with retryable status';

/** Adds the status, which the package keeps beside the message. */
function describe(cause: Error & { code?: number | string }): Error {
  const { code, message } = cause;
  if (message === RETRYABLE) {
    return new Error('every attempt failed with status 429, 502, 503 or 504', { cause });
  }
  if (code === undefined || message.includes(String(code))) return cause;
  return new Error(`${message} (${code})`, { cause });
}
