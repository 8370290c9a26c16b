import type { Meter } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { StreamLimits } from './delta-to-cumulative.ts';
import type { Exporter, ExporterSettings, Tls } from './exporter.ts';
import { loadExporter } from './load.ts';
import { PushReader } from './push.ts';

export type ExportOptions = Readonly<{
  /** The exporters, by their names or modules. */
  names: readonly string[];
  settings: ExporterSettings;
  environment: Readonly<Record<string, string | undefined>>;
  tls: Tls;
  /** The attributes of the resource. */
  resource: Readonly<Record<string, string>>;
  streams: StreamLimits;
  /** Writes lines to standard output. */
  write: (lines: string) => void;
  /** Time between two pushes, and the timeout of one, in milliseconds. */
  interval: number;
  timeout: number;
  /** Called for each export that fails; `first`: the previous one had not. */
  onFailure: (exporter: string, error: Error, first: boolean) => void;
  /** Called for the first export that succeeds again. */
  onRecovery: (exporter: string, lost: { exports: number; milliseconds: number }) => void;
}>;

/** The running exporters. */
export type Exports = Readonly<{
  meter: (name: string, version: string) => Meter;
  /** Undefined if no exporter is scraped. */
  scrape: Exporter['scrape'];
  /** Exports a last time; resolves within this many milliseconds, even if that fails. */
  shutdown: (milliseconds: number) => Promise<void>;
}>;

/** Creates the exporters. Rejects with the first error, which names its exporter. */
export async function startExports(options: ExportOptions): Promise<Exports> {
  const { settings, environment, tls, streams, write, interval, timeout } = options;
  const exporters = await Promise.all(
    options.names.map((name) =>
      loadExporter(name, {
        settings,
        environment,
        tls,
        streams,
        write,
        push: (send, reading = {}) => ({
          reader: new PushReader({
            ...reading,
            streams,
            send,
            interval,
            timeout,
            onFailure: (error, first) => options.onFailure(name, error, first),
            onRecovery: (lost) => options.onRecovery(name, lost),
          }),
        }),
      }),
    ),
  );
  const provider = new MeterProvider({
    resource: resourceFromAttributes(options.resource),
    readers: exporters.map(({ reader }) => reader),
  });
  return {
    meter: (name, version) => provider.getMeter(name, version),
    scrape: exporters.find(({ scrape }) => scrape !== undefined)?.scrape,
    // A final export that fails is reported by `onFailure`; one that hangs is abandoned.
    shutdown: (timeoutMillis) => provider.shutdown({ timeoutMillis }).catch(() => {}),
  };
}
