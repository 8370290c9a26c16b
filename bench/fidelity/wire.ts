import { join } from 'node:path';
import { OwnedProcess } from '../../lab/support/owned-process.ts';
import { Lines } from '../../lab/support/program.ts';
import { until } from '../../lab/support/until.ts';

const START_LIMIT_MS = 5_000;

/** Of the program that captures packets. */
export const CAPTURE_SOURCE = join(import.meta.dirname, 'capture.c');

/** A connection as it was seen on the wire; in milliseconds, the latter three after the SYN. */
export type Connection = Readonly<{
  /** Of the server, `address:port`. */
  to: string;
  /** Since the epoch. */
  syn: number;
  synAck: number;
  /** The request's last packet. */
  request: number;
  /** The answer's first byte. */
  answer: number;
}>;

/** Sees every connection that is begun on an interface. */
export class Wire {
  readonly #capture: OwnedProcess;
  readonly #seen: Connection[] = [];
  #isListening = false;
  #said = '';

  /**
   * `program`: capture.c, compiled. Resolves when it sees what comes; rejects when it cannot. It ends with the stack, if
   * not before.
   */
  static async start(
    stack: AsyncDisposableStack,
    program: string,
    networkInterface: string,
  ): Promise<Wire> {
    const wire = new Wire([program, networkInterface]);
    stack.defer(() => wire.#capture.stop());
    await until(
      'packets are seen',
      START_LIMIT_MS,
      () => wire.#isListening || wire.#capture.end !== undefined,
    );
    if (wire.#capture.end !== undefined) throw new Error(`no packets are seen: ${wire.#said}`);
    return wire;
  }

  private constructor(commandLine: readonly string[]) {
    const lines = new Lines();
    lines.listen((line) => {
      if (line === 'listening') this.#isListening = true;
      else this.#seen.push(readConnection(line));
    });
    this.#capture = new OwnedProcess(commandLine, {}, (stdout, stderr) => {
      lines.follow(stdout);
      stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
      });
    });
  }

  /** Ends it, with all connections that were answered, by whom they went to, each in their order. Rejects when packets were lost. */
  async stop(): Promise<ReadonlyMap<string, readonly Connection[]>> {
    await this.#capture.stop();
    if (this.#said !== '') throw new Error(this.#said.trim());
    return Map.groupBy(
      this.#seen.toSorted((a, b) => a.syn - b.syn),
      ({ to }) => to,
    );
  }
}

/** Reads a line of capture.c. Throws when it is none. */
export function readConnection(line: string): Connection {
  const [address, port, ...times] = line.split(' ');
  const [syn, synAck, request, answer] = times.map((time) => Number(time) / 1e6);
  if (answer === undefined || Number.isNaN(answer) || times.length !== 4) {
    throw new Error(`no line of a capture: ${line}`);
  }
  return {
    to: `${address}:${port}`,
    syn: syn ?? 0,
    synAck: synAck ?? 0,
    request: request ?? 0,
    answer,
  };
}
