import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, respondsWith200, ServerProcess } from '../support/server-process.ts';
import { tool } from '../tools/tool.ts';

type Answer = {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
};

/**
 * A series as a query returns it: its labels, including its name as `__name__`, and its current
 * value.
 */
export type Series = Readonly<{ labels: Readonly<Record<string, string>>; value: number }>;

/** A real Prometheus on 127.0.0.1, with its own database in a temporary folder. */
export class Prometheus {
  readonly url: string;
  readonly #folder: string;
  readonly #arguments: readonly string[];
  #process: ServerProcess | undefined;

  /**
   * Starts it with this configuration file's text and these flags. Throws as
   * `ServerProcess.start()` does.
   */
  static async start(configuration: string, flags: readonly string[] = []): Promise<Prometheus> {
    const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
    const prometheus = new Prometheus(folder, await freePort(), flags);
    try {
      await writeFile(join(folder, 'prometheus.yml'), configuration);
      await prometheus.resume();
    } catch (error) {
      await prometheus.stop();
      throw error;
    }
    return prometheus;
  }

  private constructor(folder: string, port: number, flags: readonly string[]) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    this.#arguments = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      // By default, it waits 5 s before it scrapes a new target.
      '--scrape.discovery-reload-interval=100ms',
      ...flags,
    ];
  }

  /** Its output since it was last started. */
  get output(): string {
    return this.#process?.output ?? '';
  }

  /** The result of an instant query. Throws if it is an error, or does not arrive within 10 s. */
  async query(expression: string): Promise<Series[]> {
    const response = await fetch(`${this.url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expression }),
      signal: AbortSignal.timeout(10_000),
    });
    const { status, error, data } = (await response.json()) as Answer;
    if (status !== 'success') throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value: [, value] }) => ({
      labels: metric,
      value: Number(value),
    }));
  }

  /** Stops the process, which keeps its port and its database. */
  async pause(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Starts it again after `pause()`. */
  async resume(): Promise<void> {
    this.#process = await ServerProcess.start(tool('prometheus'), this.#arguments, {
      ready: () => respondsWith200(`${this.url}/-/ready`),
    });
  }

  /** Stops the process and removes its database. */
  async stop(): Promise<void> {
    await this.pause();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
