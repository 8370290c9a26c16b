import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { IngressFault } from '../parts/faults.ts';
import type { Backend } from '../parts/parts.ts';
import type { CertificateAuthority } from '../support/certificates.ts';
import { Mutex } from '../support/mutex.ts';
import { ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';
import { childrenOf } from './children.ts';
import type { Machine } from './machine.ts';
import { nginxConfiguration } from './nginx-configuration.ts';

const PORT = 443;
const RELOAD_LIMIT_MS = 10_000;
/** For requests in flight to a backend when the backends change; longer ones are not waited for. */
const DRAIN_LIMIT_MS = 500;
const ANSWER_LIMIT_MS = 1_000;

/** How to start an ingress. */
export type NginxIngressOptions = Readonly<{
  machine: Pick<Machine, 'addresses' | 'enter' | 'break'>;
  /** The only host that it serves. */
  host: string;
  /** Signs the certificates it presents. */
  authority: CertificateAuthority;
}>;

/**
 * nginx as an ingress, on a separate machine: TLS on port 443, and behind it the pods that are
 * ready. It responds with 404 to anything not published, 503 if there is no backend, and 502 if a
 * backend cannot be reached.
 */
export class NginxIngress {
  readonly port = PORT;
  readonly #options: NginxIngressOptions;
  readonly #directory: string;
  readonly #silent: Server;
  #nginx: ServerProcess | undefined;
  #backends: readonly Backend[] = [];
  #fault: IngressFault | undefined;
  /** The configuration that nginx runs with. */
  #applied: string | undefined;
  readonly #mutex = new Mutex();

  private constructor(options: NginxIngressOptions, directory: string, silent: Server) {
    this.#options = options;
    this.#directory = directory;
    this.#silent = silent;
  }

  /**
   * Resolves once it responds, still without a backend. If it does not within 30 s, rejects with
   * nginx's output.
   */
  static async start(options: NginxIngressOptions): Promise<NginxIngress> {
    const directory = await mkdtemp(join(tmpdir(), 'kubenurse-ingress-'));
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    const ingress = new NginxIngress(options, directory, silent);
    try {
      silent.listen(ingress.#file('silent.sock'));
      await once(silent, 'listening');
      const names = { right: options.host, wrong: 'another.example.test' };
      for (const [file, name] of Object.entries(names)) {
        const issued = await options.authority.issue({ commonName: name, dnsNames: [name] });
        await writeFile(ingress.#file(`${file}.crt`), issued.certificate);
        await writeFile(ingress.#file(`${file}.key`), issued.key, { mode: 0o600 });
      }
      await ingress.#apply();
    } catch (error) {
      await ingress.close();
      throw error;
    }
    return ingress;
  }

  /**
   * Replaces the pods it rotates through. Resolves once they are in use, and no request is in
   * flight to the former ones except those that take longer than half a second. Changes made while
   * nginx reloads are applied together.
   */
  setBackends(backends: readonly Backend[]): Promise<void> {
    this.#backends = backends;
    return this.#mutex.run(() => this.#apply());
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  break(fault: IngressFault | undefined): Promise<void> {
    return this.#mutex.run(async () => {
      this.#fault = fault;
      const onTheWire = fault?.kind === 'slow' || fault?.kind === 'reset' || fault?.kind === 'hang';
      await this.#options.machine.break(onTheWire ? fault : undefined, [PORT]);
      await this.#apply();
    });
  }

  /** Stops nginx, which cuts the open connections, and removes its files. */
  close(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#stop();
      this.#silent.close();
      await rm(this.#directory, { recursive: true, force: true });
    });
  }

  /** Applies the current state to nginx; while it is down, this happens later. */
  async #apply(): Promise<void> {
    if (this.#fault?.kind === 'down') return this.#stop();
    const configuration = this.#configuration();
    if (this.#nginx !== undefined && configuration === this.#applied) return;
    await writeFile(this.#file('nginx.conf'), configuration);
    if (this.#nginx === undefined) await this.#start();
    else await this.#reload(this.#nginx);
    this.#applied = configuration;
  }

  async #start(): Promise<void> {
    const { machine } = this.#options;
    const args = ['-e', 'stderr', '-p', this.#directory, '-c', 'nginx.conf'];
    this.#nginx = await ServerProcess.start('nginx', args, {
      enter: machine.enter,
      ready: async () => (await Promise.all(machine.addresses.map(shakesHands))).every(Boolean),
    });
  }

  async #stop(): Promise<void> {
    await this.#nginx?.stop();
    this.#nginx = undefined;
  }

  /**
   * nginx starts new workers before it tells the old ones to end, and these finish their requests
   * first.
   */
  async #reload(nginx: ServerProcess): Promise<void> {
    const pid = nginx.pid ?? 0;
    const old = new Set(childrenOf(pid));
    const remaining = () => childrenOf(pid).filter((worker) => old.has(worker));
    nginx.signal('SIGHUP');
    await until('nginx takes its new configuration', RELOAD_LIMIT_MS, () => {
      if (nginx.end !== undefined) throw new Error(nginx.end);
      const hasNew = childrenOf(pid).some((worker) => !old.has(worker));
      return hasNew && remaining().every(isShuttingDown);
    }).catch((error: Error) => {
      throw new Error(`${error.message}; nginx wrote:\n${nginx.output}`, { cause: error });
    });
    await until('drained', DRAIN_LIMIT_MS, () => remaining().length === 0).catch(() => {});
  }

  #configuration(): string {
    const certificate = this.#fault?.kind === 'wrong-certificate' ? 'wrong' : 'right';
    return nginxConfiguration({
      addresses: this.#options.machine.addresses,
      port: PORT,
      host: this.#options.host,
      backends: this.#backends,
      fault: this.#fault,
      certificate: this.#file(`${certificate}.crt`),
      key: this.#file(`${certificate}.key`),
      silent: this.#file('silent.sock'),
    });
  }

  #file(name: string): string {
    return join(this.#directory, name);
  }
}

/** Whether nginx presents a certificate on this address within a second. */
async function shakesHands(host: string): Promise<boolean> {
  const socket = connect({ host, port: PORT, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.on('error', () => {}).destroy();
  }
}

/** Whether a worker accepts no more connections: its command line says so, or it has ended. */
function isShuttingDown(worker: number): boolean {
  try {
    return readFileSync(`/proc/${worker}/cmdline`, 'utf8').includes('is shutting down');
  } catch {
    return true;
  }
}
