import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../parts/control-plane.ts';
import type { NetworkFault } from '../parts/faults.ts';
import { INGRESS_HOST, SERVICE_HOST } from '../parts/hosts.ts';
import type { Launch, PodSandbox } from '../parts/parts.ts';
import { LABEL, NAMESPACE } from '../parts/pod.ts';
import type { CertificateAuthority } from '../support/certificates.ts';
import { run } from '../support/command.ts';
import { toUrlHost } from '../support/url-host.ts';
import type { NodeNetwork, PodNetwork } from './node-network.ts';

/** Where a pod finds its token, the API server's authorities, and its namespace. */
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

type Options = Readonly<{
  node: NodeNetwork;
  nodeName: string;
  /** The folder for its own files. */
  directory: string;
  /** The file that becomes its /etc/resolv.conf. */
  resolvConf: string;
  /** The authority of the ingress, and of the programs that serve TLS. */
  extraAuthority: string;
  controlPlane: ControlPlane;
  /** The cluster IP of the API server. */
  apiServer: string;
  /** Signs the certificate with which the program serves TLS; undefined without TLS. */
  tlsAuthority: CertificateAuthority | undefined;
  closed: () => void;
}>;

/** A pod in a separate network namespace, with the files that kubelet would give it. */
export class RealSandbox implements PodSandbox {
  readonly addresses: readonly string[];
  readonly programUrl: string;
  readonly #options: Options;
  readonly #network: PodNetwork;
  readonly #directory: string;
  #podName = '';
  #token = '';

  private constructor(options: Options, network: PodNetwork, directory: string) {
    const [address = ''] = network.addresses;
    this.addresses = network.addresses;
    this.programUrl = `http://${toUrlHost(address)}:8080`;
    this.#options = options;
    this.#network = network;
    this.#directory = directory;
  }

  static async create(options: Options): Promise<RealSandbox> {
    const directory = await mkdtemp(join(options.directory, `${options.nodeName}-`));
    return new RealSandbox(options, await options.node.addPod(), directory);
  }

  async prepare(podName: string): Promise<Launch> {
    const { controlPlane, resolvConf, extraAuthority, tlsAuthority } = this.#options;
    this.#podName = podName;
    await this.#writeToken(await controlPlane.issueToken(podName));
    await this.writeAuthorities(controlPlane.certificateAuthority);
    await this.#write('namespace', NAMESPACE);
    await this.writeCertificate();
    const service = tlsAuthority ? `https://${SERVICE_HOST}:8443` : `http://${SERVICE_HOST}:8080`;
    return {
      enter: this.#network.enterWith([
        { from: resolvConf, to: '/etc/resolv.conf' },
        { from: this.#directory, to: SERVICE_ACCOUNT },
      ]),
      environment: {
        KUBERNETES_SERVICE_HOST: this.#options.apiServer,
        KUBERNETES_SERVICE_PORT: '443',
        KUBENURSE_INGRESS_URL: `https://${INGRESS_HOST}`,
        KUBENURSE_SERVICE_URL: service,
        KUBENURSE_EXTRA_CA: extraAuthority,
        KUBENURSE_NAMESPACE: NAMESPACE,
        KUBENURSE_NEIGHBOUR_FILTER: `${LABEL.key}=${LABEL.value}`,
        POD_NAME: podName,
        NODE_NAME: this.#options.nodeName,
        ...(tlsAuthority && {
          KUBENURSE_USE_TLS: 'true',
          KUBENURSE_CERT_FILE: join(this.#directory, 'tls.crt'),
          KUBENURSE_CERT_KEY: join(this.#directory, 'tls.key'),
        }),
      },
    };
  }

  /** The new token is bound to no pod, so that it can be revoked without deleting one. */
  async rotateToken(): Promise<string> {
    const old = this.#token;
    await this.#writeToken(await this.#options.controlPlane.issueToken(`${this.#podName}-rotated`));
    return old;
  }

  /** Replaces the API server's authorities. */
  writeAuthorities(pem: string): Promise<void> {
    return this.#write('ca.crt', pem);
  }

  /** Replaces the certificate with which the program serves TLS, if it does. */
  async writeCertificate(): Promise<void> {
    const issued = await this.#options.tlsAuthority?.issue({
      commonName: this.#podName,
      dnsNames: [SERVICE_HOST],
      ipAddresses: [...this.addresses],
    });
    if (issued === undefined) return;
    await this.#write('tls.key', issued.key);
    await this.#write('tls.crt', issued.certificate);
  }

  async isIdle(): Promise<boolean> {
    const ports = '( sport = :8080 or sport = :8443 )';
    const open = await run([...this.#network.enter, 'ss', '-Htn', 'state', 'established', ports]);
    return open.trim() === '';
  }

  /** Faults that do not affect the wire in front of the pod affect its whole node. */
  async break(fault: NetworkFault | undefined): Promise<void> {
    const isOnTheWire = fault === undefined || WIRE.has(fault.kind);
    const { node } = this.#options;
    if (!node.isClosed) await node.break(isOnTheWire ? undefined : fault);
    if (!this.#network.isClosed) await this.#network.break(isOnTheWire ? fault : undefined);
  }

  async close(): Promise<void> {
    this.#options.closed();
    await this.#network.close();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #writeToken(token: string): Promise<void> {
    this.#token = token;
    await this.#write('token', token);
  }

  /** Replaces the file atomically, as kubelet does. */
  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

const WIRE = new Set(['down', 'hang', 'reset', 'slow']);
