import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { toUrlHost } from '../../src/url-host.ts';
import type { Answer, Question } from './network-peer.ts';

const PROGRAM = join(import.meta.dirname, 'network-peer.ts');
const READY_LIMIT_MS = 30_000;

/** A program in a network namespace (network-peer.ts): it responds to others, and sends requests on command. */
export class Peer {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #questions = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on('message', ({ id, answer }: { id: number; answer: Answer }) =>
      this.#waiting.get(id)?.(answer),
    );
  }

  /** Resolves when it answers, at these addresses, or at all that it has. */
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

  ask(question: Question): Promise<Answer> {
    const id = ++this.#questions;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, resolve);
    this.#child.send({ id, question });
    return promise;
  }

  /** Sends an HTTP request, and gives up after so many ms. */
  get(
    address: string,
    options: {
      path?: string;
      port?: number;
      limitMs?: number;
      body?: number;
      keepAlive?: boolean;
    } = {},
  ): Promise<Answer> {
    const { path = '/', port = 8080, limitMs = 2_000, ...rest } = options;
    const host = toUrlHost(address);
    return this.ask({ kind: 'get', url: `http://${host}:${port}${path}`, limitMs, ...rest });
  }

  datagram(address: string, options: { port?: number; limitMs?: number } = {}): Promise<Answer> {
    const { port = 8080, limitMs = 2_000 } = options;
    return this.ask({ kind: 'datagram', address, port, limitMs });
  }

  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** The failures of requests that are sent one per millisecond while something happens. Rejects if that was too short for 50. */
export async function errorsDuring(
  ask: () => Promise<Answer>,
  happens: () => Promise<void>,
): Promise<string[]> {
  const answers: Promise<Answer>[] = [];
  const timer = setInterval(() => answers.push(ask()), 1);
  await happens().finally(() => clearInterval(timer));
  if (answers.length < 50) throw new Error(`only ${answers.length} questions were asked`);
  return (await Promise.all(answers)).flatMap(({ error }) => error ?? []);
}
