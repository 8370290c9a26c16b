import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../cluster/until.ts';

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 10_000;
/** So many characters of the output are kept, the latest. */
const KEPT_OUTPUT = 100_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A server written by others, in a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #output = '';
  #end: string | undefined;

  /**
   * Starts it and waits until `readyUrl` answers with 200. Throws, with what it wrote, when it ends before or is not
   * ready within 30 s.
   */
  static async start(
    command: string,
    args: readonly string[],
    options: { environment?: Record<string, string>; readyUrl: string },
  ): Promise<ServerProcess> {
    const server = new ServerProcess(command, args, options.environment ?? {});
    try {
      await until(`${options.readyUrl} answers with 200`, START_LIMIT_MS, async () => {
        if (server.#end !== undefined) throw new Error(server.#end);
        return fetch(options.readyUrl, { signal: AbortSignal.timeout(1_000) }).then(
          async (response) => {
            await response.body?.cancel();
            return response.status === 200;
          },
          () => false,
        );
      });
    } catch (error) {
      await server.stop();
      throw new Error(`${command} did not start; it wrote:\n${server.output}`, { cause: error });
    }
    return server;
  }

  private constructor(
    command: string,
    args: readonly string[],
    environment: Record<string, string>,
  ) {
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    this.#closed = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#end = `could not be started: ${error.message}`;
        if (child.pid === undefined) resolve();
      });
      child.on('close', (code, signal) => {
        this.#end = `ended by ${signal ?? `exit code ${code}`}`;
        running.delete(child);
        resolve();
      });
    });
  }

  /** What it wrote, at most the last 100,000 characters. */
  get output(): string {
    return this.#output;
  }

  /** SIGTERM, and SIGKILL when it has not ended 10 s later. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const gaveUp = new AbortController();
    const kill = sleep(STOP_LIMIT_MS, undefined, { signal: gaveUp.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => {},
    );
    await this.#closed;
    gaveUp.abort();
    await kill;
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on. Below 32768, where Linux begins with those of outgoing connections, so
 * that none of these takes it before the server does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 16_384 + Math.floor(Math.random() * 16_384);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.on('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
