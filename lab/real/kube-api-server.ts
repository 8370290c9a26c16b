import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess } from '../support/server-process.ts';
import { suspend } from '../support/suspend.ts';
import { toUrlHost } from '../support/url-host.ts';
import { tool } from '../tools/tool.ts';
import type { Etcd } from './etcd.ts';
import { KubeClient } from './kube-client.ts';
import type { ServingCertificate } from './serving-certificate.ts';

/** The port of kubeadm's API servers. */
const PORT = 6443;

const SERVICE_ACCOUNT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/**
 * Request and response status: one entry for each response, and another one when a watch begins.
 */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** What a kube-apiserver is started with. */
export type KubeApiServerOptions = Readonly<{
  /** Where its files are. */
  directory: string;
  /**
   * The host it runs on: its addresses, the primary family's first, and the start of a command line
   * that runs there.
   */
  machine: Readonly<{ addresses: readonly string[]; enter: readonly string[] }>;
  etcd: Etcd;
  certificate: ServingCertificate;
  /** The ranges of cluster IPs, in the order of the families. */
  serviceRanges: readonly string[];
  /** Users other than the admin that authenticate with a token. */
  users?: readonly User[];
  /** Flags that replace or supplement its own. */
  flags?: readonly string[];
}>;

/** A user that the API server identifies by a bearer token. */
export type User = Readonly<{ token: string; name: string; groups: readonly string[] }>;

/**
 * A real kube-apiserver, set up as by kubeadm: RBAC and Node authorization, Pod Security and
 * ServiceAccount admission, priority and fairness. Its data is in etcd, so it can be stopped and
 * started again.
 */
export class KubeApiServer {
  readonly url: URL;
  readonly auditLog: string;
  /** The bearer token of a member of system:masters, who may do everything. */
  readonly adminToken = randomBytes(16).toString('hex');
  readonly admin: KubeClient;
  readonly #options: KubeApiServerOptions;
  #process: ServerProcess | undefined;

  private constructor(options: KubeApiServerOptions) {
    const [address = ''] = options.machine.addresses;
    this.url = new URL(`https://${toUrlHost(address)}:${PORT}`);
    this.auditLog = join(options.directory, 'audit.log');
    this.admin = this.client(this.adminToken);
    this.#options = options;
  }

  /** Resolves once it is ready. Throws as `ServerProcess.start()` does. */
  static async start(options: KubeApiServerOptions): Promise<KubeApiServer> {
    const server = new KubeApiServer(options);
    await server.#writeFiles();
    await server.start();
    return server;
  }

  /** A client that sends requests with this bearer token; without one, anonymously. */
  client(token?: string): KubeClient {
    return new KubeClient({
      url: this.url,
      certificateAuthority: () => this.#options.certificate.authority,
      ...(token !== undefined && { token }),
    });
  }

  async #writeFiles(): Promise<void> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'sec1', format: 'pem' });
    await writeFile(this.serviceAccountKeyFile, key, { mode: 0o600 });
    const admin = { token: this.adminToken, name: 'admin', groups: ['system:masters'] };
    const tokens = [admin, ...(this.#options.users ?? [])].map(
      ({ token, name, groups }) => `${token},${name},${name},"${groups.join(',')}"\n`,
    );
    await writeFile(this.#file('tokens.csv'), tokens.join(''), { mode: 0o600 });
    await writeFile(this.#file('audit-policy.yaml'), JSON.stringify(AUDIT_POLICY));
  }

  /**
   * Starts it again unless it is running, and resolves once it is ready. Throws as
   * `ServerProcess.start()` does.
   */
  async start(): Promise<void> {
    if (this.#process?.end !== undefined) this.#process = undefined;
    this.#process ??= await ServerProcess.start(tool('kube-apiserver'), this.#arguments(), {
      enter: this.#options.machine.enter,
      ready: () => isReady(this.admin),
    });
  }

  /** Lets requests in flight finish first; open watches end cleanly. Takes about a second. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  /** Cuts every connection. */
  async kill(): Promise<void> {
    await this.#process?.kill();
    this.#process = undefined;
  }

  /** Suspends it; the kernel continues to accept connections for it. */
  async suspend(): Promise<void> {
    if (this.#process) await suspend(this.#process);
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
  }

  /** PEM: signs the tokens of service accounts. */
  get serviceAccountKeyFile(): string {
    return this.#file('service-account.key');
  }

  #file(name: string): string {
    return join(this.#options.directory, name);
  }

  #arguments(): string[] {
    const { machine, etcd, certificate, serviceRanges, flags = [] } = this.#options;
    const [address = '', ...further] = machine.addresses;
    const serviceAccountKey = this.serviceAccountKeyFile;
    return [
      `--bind-address=${further.length > 0 ? '::' : address}`,
      `--secure-port=${PORT}`,
      `--advertise-address=${address}`,
      // There is only one API server. The reconciler would publish its address in a lease, and
      // reject a loopback address.
      '--endpoint-reconciler-type=none',
      `--service-cluster-ip-range=${serviceRanges.join(',')}`,
      `--etcd-servers=${etcd.url}`,
      // The default is a minute, and too-many-requests.ts holds a request for longer.
      '--request-timeout=1h',
      // By default, it waits for open watches as long as for requests, and kubeadm's is killed over
      // that after 30 s.
      '--shutdown-watch-termination-grace-period=5s',
      // The default is every five minutes. Here, the past is forgotten when a test requests it.
      '--etcd-compaction-interval=0',
      `--tls-cert-file=${certificate.certificateFile}`,
      `--tls-private-key-file=${certificate.keyFile}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      // Only Pod Security decides, as with kubeadm.
      '--allow-privileged=true',
      `--token-auth-file=${this.#file('tokens.csv')}`,
      `--service-account-issuer=${SERVICE_ACCOUNT_ISSUER}`,
      `--service-account-key-file=${serviceAccountKey}`,
      `--service-account-signing-key-file=${serviceAccountKey}`,
      `--audit-policy-file=${this.#file('audit-policy.yaml')}`,
      `--audit-log-path=${this.auditLog}`,
      ...flags,
    ];
  }
}

async function isReady(admin: KubeClient): Promise<boolean> {
  return admin.raw('/readyz').then(
    ({ status }) => status === 200,
    () => false,
  );
}
