import { createServer } from 'node:net';
import { OwnedProcess } from './owned-process.ts';
import { until } from './until.ts';

const START_LIMIT_MS = 30_000;
/** How many of the latest characters of the output are kept. */
const KEPT_OUTPUT = 100_000;

/** How to start a server. */
export type ServerProcessOptions = Readonly<{
  /** Its variables besides PATH. */
  environment?: Readonly<Record<string, string>>;
  /**
   * The start of its command line, to run it in another namespace: `['nsenter', '--net=…', '--']`.
   */
  enter?: readonly string[];
  /** Polled until true. If it throws, the start fails. */
  ready: () => boolean | Promise<boolean>;
}>;

/** A server written by others, in a separate process. */
export class ServerProcess extends OwnedProcess {
  readonly #written: { text: string };

  /**
   * Starts it and waits until it is ready. If it ends before, or is not ready within 30 s, throws
   * with its output.
   */
  static async start(
    command: string,
    args: readonly string[],
    { environment = {}, enter = [], ready }: ServerProcessOptions,
  ): Promise<ServerProcess> {
    const server = new ServerProcess([...enter, command, ...args], environment);
    try {
      await until('it is ready', START_LIMIT_MS, async () => {
        if (server.end !== undefined) throw new Error(server.end);
        return ready();
      });
    } catch (error) {
      await server.stop();
      const reason = error instanceof Error ? error.message : error;
      throw new Error(`${command} did not start: ${reason}; it wrote:\n${server.output}`, {
        cause: error,
      });
    }
    return server;
  }

  private constructor(
    commandLine: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    const written = { text: '' };
    super(commandLine, environment, (...streams) => {
      for (const stream of streams) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          written.text = (written.text + text).slice(-KEPT_OUTPUT);
        });
      }
    });
    this.#written = written;
  }

  /** Its output, at most the last 100,000 characters. */
  get output(): string {
    return this.#written.text;
  }
}

/** Whether this `http:` URL responds with 200 within a second. Never rejects. */
export async function respondsWith200(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

/**
 * A port of 127.0.0.1 that nobody listens on. It is below 32768, where Linux starts with the ports
 * of outgoing connections, so that none of these takes it before the server does.
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
