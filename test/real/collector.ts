import { freePort, respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { tool } from '../../lab/tools/tool.ts';

/** A real Collector on 127.0.0.1, with one of the shipped configurations. */
export class Collector {
  /** Where it accepts OTLP over HTTP: the value of OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly #arguments: readonly string[];
  readonly #environment: Record<string, string>;
  readonly #readyUrl: string;
  #process: ServerProcess | undefined;

  /**
   * Starts it with this configuration file, in this environment. Its own addresses are replaced by
   * free ones of 127.0.0.1; `settings` are further replacements, such as
   * `exporters.prometheus.endpoint=127.0.0.1:1234`. Throws as `ServerProcess.start()` does.
   */
  static async start(
    file: string,
    options: { environment?: Record<string, string>; settings?: readonly string[] } = {},
  ): Promise<Collector> {
    const collector = new Collector(file, await freePort(), await freePort(), options);
    await collector.resume();
    return collector;
  }

  private constructor(
    file: string,
    port: number,
    healthPort: number,
    { environment = {}, settings = [] }: Parameters<typeof Collector.start>[1] & object,
  ) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#readyUrl = `http://127.0.0.1:${healthPort}/`;
    this.#environment = environment;
    this.#arguments = [
      `--config=${file}`,
      `--set=receivers.otlp.protocols.http.endpoint=127.0.0.1:${port}`,
      `--set=extensions.health_check.endpoint=127.0.0.1:${healthPort}`,
      '--set=service.telemetry.metrics.level=none',
      ...settings.map((setting) => `--set=${setting}`),
    ];
  }

  /** What it has written since it was last started. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  /** Ends the process; it keeps its addresses. */
  async pause(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Starts it again after `pause()`. */
  async resume(): Promise<void> {
    this.#process = await ServerProcess.start(tool('otelcol'), this.#arguments, {
      environment: this.#environment,
      ready: () => respondsWith200(this.#readyUrl),
    });
  }

  async stop(): Promise<void> {
    await this.pause();
  }
}
