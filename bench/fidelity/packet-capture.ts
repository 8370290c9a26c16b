import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OwnedProcess } from '../../lab/support/owned-process.ts';
import { until } from '../../lab/support/until.ts';
import { type Connection, connectionsOf, readPackets } from './pcap.ts';

/** tcpdump takes up to a second to read a packet, because it is not woken for each. */
const LIMIT_MS = 5_000;

/** Bytes to capture of each packet: the headers. */
const SNAPSHOT_LENGTH = 128;

/** In KiB. */
const BUFFER_SIZE = 64 * 1024;

/**
 * Runs tcpdump on one network interface. It is not in immediate mode: waking up for each packet
 * would take CPU time from the measured programs. It reads the packets of a second at once, with
 * the kernel's time stamps.
 */
export class PacketCapture {
  readonly #file: string;
  readonly #tcpdump: OwnedProcess;
  #stderr = '';

  /**
   * Resolves when it captures; rejects if it cannot. It keeps its file in `folder`, and ends with
   * the stack, if not before.
   */
  static async start(
    stack: AsyncDisposableStack,
    folder: string,
    networkInterface: string,
  ): Promise<PacketCapture> {
    const capture = new PacketCapture(join(folder, 'capture.pcap'), networkInterface);
    stack.defer(() => capture.#tcpdump.stop());
    await capture.#reports('listening on');
    return capture;
  }

  private constructor(file: string, networkInterface: string) {
    this.#file = file;
    const options = `--time-stamp-precision=nano -n -s ${SNAPSHOT_LENGTH} -B ${BUFFER_SIZE} -Z root`;
    const command = ['tcpdump', '-i', networkInterface, '-w', file, ...options.split(' '), 'tcp'];
    this.#tcpdump = new OwnedProcess(command, {}, (_stdout, stderr) => {
      stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#stderr += text;
      });
    });
  }

  /**
   * Ends it, and resolves to all connections that got a response, by server (`address:port`).
   * Rejects if packets were dropped.
   */
  async stop(): Promise<ReadonlyMap<string, readonly Connection[]>> {
    await until('tcpdump has read all packets', LIMIT_MS, async () => {
      const [captured, received] = await this.#counts();
      return captured === received;
    });
    await this.#tcpdump.stop();
    const dropped = Number(/(\d+) packets? dropped by kernel/.exec(this.#stderr)?.[1]);
    if (dropped !== 0) throw new Error(`tcpdump lost packets: ${this.#stderr.trim()}`);
    const connections = connectionsOf(readPackets(await readFile(this.#file)));
    return Map.groupBy(connections, ({ to }) => to);
  }

  /** How many packets tcpdump has read, and how many the kernel has received for it. */
  async #counts(): Promise<number[]> {
    this.#stderr = '';
    this.#tcpdump.signal('SIGUSR1');
    await this.#reports('dropped by kernel');
    return [/(\d+) packets? captured/, /(\d+) packets? received/].map((count) =>
      Number(count.exec(this.#stderr)?.[1]),
    );
  }

  async #reports(text: string): Promise<void> {
    await until(
      `tcpdump reports "${text}"`,
      LIMIT_MS,
      () => this.#stderr.includes(text) || this.#tcpdump.end !== undefined,
    );
    const { end } = this.#tcpdump;
    if (end !== undefined) throw new Error(`tcpdump ${end}: ${this.#stderr.trim()}`);
  }
}
