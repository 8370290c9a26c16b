import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { toUrlHost } from '../../src/url-host.ts';
import type { Question, Result } from './network-peer.ts';

const PROGRAM = join(import.meta.dirname, 'network-peer.ts');
const READY_LIMIT_MS = 30_000;

/**
 * A program in a network namespace (network-peer.ts): it responds to others, and sends requests on
 * command.
 */
export class Peer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: Result) => void>();
  #questions = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on('message', ({ id, result }: { id: number; result: Result }) =>
      this.#waiting.get(id)?.(result),
    );
  }

  /** Resolves when it responds, at these addresses, or at all that it has. */
  static async start(
    name: string,
    enter: readonly string[],
    hosts: readonly string[] = [],
  ): Promise<Peer> {
    const [command = '', ...args] = [...enter, process.execPath, PROGRAM, name, ...hosts];
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'message', { signal: AbortSignal.timeout(READY_LIMIT_MS) });
    return new Peer(name, child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  request(question: Question): Promise<Result> {
    const id = ++this.#questions;
    const { promise, resolve } = Promise.withResolvers<Result>();
    this.#waiting.set(id, resolve);
    this.#child.send({ id, question });
    return promise;
  }

  /** Sends an HTTP request, and gives up after `limitMs`. */
  get(
    address: string,
    options: {
      path?: string;
      port?: number;
      limitMs?: number;
      body?: number;
      keepAlive?: boolean;
    } = {},
  ): Promise<Result> {
    const { path = '/', port = 8080, limitMs = 2_000, ...rest } = options;
    const host = toUrlHost(address);
    return this.request({ kind: 'get', url: `http://${host}:${port}${path}`, limitMs, ...rest });
  }

  datagram(address: string, options: { port?: number; limitMs?: number } = {}): Promise<Result> {
    const { port = 8080, limitMs = 2_000 } = options;
    return this.request({ kind: 'datagram', address, port, limitMs });
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/**
 * The failures of requests that are sent once per millisecond while something happens. Rejects if
 * that is too short for 50.
 */
export async function errorsDuring(
  request: () => Promise<Result>,
  happens: () => Promise<void>,
): Promise<string[]> {
  const results: Promise<Result>[] = [];
  const timer = setInterval(() => results.push(request()), 1);
  await happens().finally(() => clearInterval(timer));
  if (results.length < 50) throw new Error(`only ${results.length} requests were sent`);
  return (await Promise.all(results)).flatMap(({ error }) => error ?? []);
}
