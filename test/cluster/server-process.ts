import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { until } from './until.ts';

const START_LIMIT_MS = 30_000;
/** A server that has not ended so long after SIGTERM is killed. */
const STOP_LIMIT_MS = 10_000;
/** So many characters of the output are kept, the latest. */
const KEPT_OUTPUT = 100_000;

const running = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of running) server.signal('SIGKILL');
});

/** How to start a server. */
export type ServerProcessOptions = Readonly<{
  /** Its variables beside PATH. */
  environment?: Readonly<Record<string, string>>;
  /** What its command line begins with, to run it in another namespace: `['nsenter', '--net=…', '--']`. */
  enter?: readonly string[];
  /** Asked until it is true. When it throws, the start fails. */
  ready: () => boolean | Promise<boolean>;
}>;

/** A server written by others, in a process of its own. */
export class ServerProcess {
  /** Resolves, never rejects, when the process has ended and all that it wrote was read. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #output = '';
  #end: string | undefined;

  /** Starts it and waits until it is ready. Throws, with what it wrote, when it ends before or is not ready within 30 s. */
  static async start(
    command: string,
    args: readonly string[],
    { environment = {}, enter = [], ready }: ServerProcessOptions,
  ): Promise<ServerProcess> {
    const server = new ServerProcess([...enter, command, ...args], environment);
    try {
      await until('it is ready', START_LIMIT_MS, async () => {
        if (server.#end !== undefined) throw new Error(server.#end);
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
    const [command = '', ...args] = commandLine;
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(this);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
    child.on('exit', (code, signal) => {
      this.#end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    });
    this.ended = new Promise((resolve) => {
      child.on('close', () => resolve());
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        this.#end = `could not be started: ${error.message}`;
        resolve();
      });
    });
    this.ended.then(() => running.delete(this));
  }

  /** How it ended, such as `was ended by SIGKILL`; undefined while it runs. */
  get end(): string | undefined {
    return this.#end;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What it wrote, at most the last 100,000 characters. */
  get output(): string {
    return this.#output;
  }

  /** Sends it a signal, unless it has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#end === undefined) this.#child.kill(name);
  }

  /** SIGTERM, and SIGKILL when it has not ended 10 s later. A suspended one is woken for it. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const killLater = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(killLater);
  }

  /** SIGKILL; resolves when it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}

/** Whether this `http:` URL is answered with 200 within a second. Never rejects. */
export async function answers200(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
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
