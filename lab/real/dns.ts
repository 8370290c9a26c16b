import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsServer } from '../embedded/dns-server.ts';
import type { DnsFault } from '../parts/faults.ts';
import { Mutex } from '../support/mutex.ts';
import { ServerProcess } from '../support/server-process.ts';
import { suspend } from '../support/suspend.ts';
import { until } from '../support/until.ts';
import type { Machine } from './machine.ts';

/** Name → its IPv4 and IPv6 addresses. */
export type DnsRecords = Readonly<Record<string, readonly string[]>>;

/** How to start a name server. */
export type DnsmasqOptions = Readonly<{
  machine: Pick<Machine, 'addresses' | 'enter'>;
  /**
   * An address here that the machine can reach, to which dnsmasq forwards queries that must fail.
   */
  operator: string;
  records: DnsRecords;
}>;

const RELOAD_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 500;
/** Seconds that a client may cache an answer, as in CoreDNS for a cluster's names. */
const TTL = 5;

/**
 * dnsmasq on a separate machine, on port 53 over UDP and TCP. A name that has addresses of the
 * other family only has none of this one (NODATA). Names without any do not exist (NXDOMAIN).
 */
export class DnsmasqServer {
  readonly port = 53;
  readonly #options: DnsmasqOptions;
  readonly #directory: string;
  readonly #failing: DnsServer;
  #dnsmasq: ServerProcess | undefined;
  #records: DnsRecords;
  #fault: DnsFault | undefined;
  readonly #mutex = new Mutex();
  #version = 0;

  private constructor(options: DnsmasqOptions, directory: string, failing: DnsServer) {
    this.#options = options;
    this.#directory = directory;
    this.#failing = failing;
    this.#records = options.records;
  }

  /**
   * Resolves once it responds on each address. If it does not within 30 s, rejects with dnsmasq's
   * output.
   */
  static async start(options: DnsmasqOptions): Promise<DnsmasqServer> {
    const failing = await DnsServer.start({ address: options.operator, port: 0, records: {} });
    failing.break('servfail');
    const directory = await mkdtemp(join(tmpdir(), 'kubenurse-dns-'));
    const server = new DnsmasqServer(options, directory, failing);
    try {
      await server.#write();
      server.#dnsmasq = await server.#start();
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /**
   * Replaces all records. Resolves once they are in effect; while the server is silent, at once,
   * and they take effect when it is healed.
   */
  setRecords(records: DnsRecords): Promise<void> {
    return this.#mutex.run(() => {
      this.#records = records;
      return this.#apply();
    });
  }

  /** Replaces the current fault; `undefined` heals. Resolves once it is in effect. */
  break(fault: DnsFault | undefined): Promise<void> {
    return this.#mutex.run(() => {
      this.#fault = fault;
      return this.#apply();
    });
  }

  /** Stops dnsmasq and removes its files. */
  close(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#dnsmasq?.stop();
      await this.#failing.close();
      await rm(this.#directory, { recursive: true, force: true });
    });
  }

  /** Makes dnsmasq reload its files, which it does without any downtime. */
  async #apply(): Promise<void> {
    const dnsmasq = this.#dnsmasq;
    if (this.#fault === 'silent') return dnsmasq && suspend(dnsmasq);
    await this.#write();
    dnsmasq?.signal('SIGHUP');
    dnsmasq?.signal('SIGCONT');
    await until('dnsmasq has read its records', RELOAD_LIMIT_MS, () => {
      if (dnsmasq?.end !== undefined) throw new Error(dnsmasq.end);
      return this.#isUpToDate();
    }).catch((error: Error) => {
      throw new Error(`${error.message}; dnsmasq wrote:\n${dnsmasq?.output}`, { cause: error });
    });
  }

  #start(): Promise<ServerProcess> {
    const { machine } = this.#options;
    const args = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      '--user=root',
      '--log-facility=-',
      '--bind-interfaces',
      ...machine.addresses.map((address) => `--listen-address=${address}`),
      '--no-resolv',
      '--no-hosts',
      '--cache-size=0',
      `--local-ttl=${TTL}`,
      `--addn-hosts=${this.#hosts}`,
      `--servers-file=${this.#servers}`,
    ];
    return ServerProcess.start('dnsmasq', args, {
      enter: machine.enter,
      ready: () => this.#isUpToDate(),
    });
  }

  async #write(): Promise<void> {
    this.#version += 1;
    const records = this.#fault === undefined ? Object.entries(this.#records) : [];
    const lines = records.flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}`),
    );
    await writeFile(this.#hosts, [...lines, `127.0.0.1 ${this.#mark}`, ''].join('\n'));
    const { address, port } = this.#failing;
    // Without an address, there is no server to query for other names.
    const server = this.#fault === 'servfail' ? `server=${address}#${port}` : 'server=/#/';
    await writeFile(this.#servers, `${server}\n`);
  }

  async #isUpToDate(): Promise<boolean> {
    const known = this.#options.machine.addresses.map((address) => knows(address, this.#mark));
    return (await Promise.all(known)).every(Boolean);
  }

  /** A name that shows which version of the files it has read. */
  get #mark(): string {
    return `version-${this.#version}.invalid`;
  }

  get #hosts(): string {
    return join(this.#directory, 'hosts');
  }

  get #servers(): string {
    return join(this.#directory, 'servers');
  }
}

async function knows(server: string, name: string): Promise<boolean> {
  const resolver = new Resolver({ timeout: ANSWER_LIMIT_MS, tries: 1 });
  resolver.setServers([server]);
  return resolver.resolve4(name).then(
    () => true,
    () => false,
  );
}
