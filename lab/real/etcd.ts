import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ServerProcess } from '../support/server-process.ts';
import { tool } from '../tools/tool.ts';

const REQUEST_LIMIT_MS = 5_000;

/**
 * A real etcd with one member. It listens on a Unix socket, which can be reached from every network
 * namespace and takes no port.
 */
export class Etcd {
  /** The value of kube-apiserver's `--etcd-servers`. */
  readonly url: string;
  readonly #socket: string;
  readonly #process: ServerProcess;

  private constructor(socket: string, process: ServerProcess) {
    this.url = `unix://${socket}`;
    this.#socket = socket;
    this.#process = process;
  }

  /** Starts it with its data in this directory. Throws as `ServerProcess.start()` does. */
  static async start(directory: string): Promise<Etcd> {
    const socket = join(directory, 'etcd.sock');
    const process = await ServerProcess.start(
      tool('etcd'),
      [
        `--data-dir=${join(directory, 'etcd')}`,
        '--unsafe-no-fsync',
        `--listen-client-urls=unix://${socket}`,
        // Required with the previous flag. Only other members use it, and there are none.
        '--advertise-client-urls=http://localhost:2379',
        '--listen-peer-urls=http://127.0.0.1:0',
        '--log-level=warn',
      ],
      { ready: () => isHealthy(socket) },
    );
    return new Etcd(socket, process);
  }

  /**
   * Forgets all past states, up to and including a revision that no client of the API server has
   * seen yet. Rejects if etcd takes more than 5 s for either step.
   */
  async compact(): Promise<void> {
    const key = Buffer.from('/compacted').toString('base64');
    const { header } = await this.#post('/v3/kv/put', { key });
    await this.#post('/v3/kv/compaction', { revision: header.revision, physical: true });
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }

  async #post(path: string, body: object): Promise<{ header: { revision: string } }> {
    const response = await send(this.#socket, path, JSON.stringify(body));
    if (response.status !== 200)
      throw new Error(`etcd: ${path} failed with ${response.status}: ${response.body}`);
    return JSON.parse(response.body);
  }
}

async function isHealthy(socket: string): Promise<boolean> {
  return send(socket, '/health').then(
    ({ status }) => status === 200,
    () => false,
  );
}

function send(
  socketPath: string,
  path: string,
  body?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath,
      path,
      method: body === undefined ? 'GET' : 'POST',
      agent: false,
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      text(response).then(
        (whole) => resolve({ status: response.statusCode ?? 0, body: whole }),
        reject,
      );
    });
    outgoing.end(body);
  });
}
