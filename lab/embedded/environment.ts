import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlPlane } from '../parts/control-plane.ts';
import { type Credentials, writeCredentials } from '../parts/credentials.ts';
import { INGRESS_HOST, SERVICE_HOST } from '../parts/hosts.ts';
import { LABEL, NAMESPACE } from '../parts/pod.ts';
import type { Layout } from './layout.ts';

/** The files that a cluster's programs read, in a temporary directory that is removed with them. */
export class Files {
  readonly #directory: string;
  readonly #removeAtExit: () => void;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#removeAtExit = () => rmSync(directory, { recursive: true, force: true });
    process.on('exit', this.#removeAtExit);
  }

  static async create(layout: Layout, ingressAuthority: string): Promise<Files> {
    const files = new Files(await mkdtemp(join(tmpdir(), 'kubenurse-cluster-')));
    const { address, port } = layout.dns;
    const resolvConf = [
      `nameserver ${address}:${port}`,
      `search ${NAMESPACE}.svc.cluster.local svc.cluster.local cluster.local`,
      'options ndots:5',
    ];
    await writeFile(files.resolvConf, `${resolvConf.join('\n')}\n`);
    await writeFile(files.ingressAuthority, ingressAuthority);
    return files;
  }

  /** As kubelet writes it, except for the name server's port. */
  get resolvConf(): string {
    return join(this.#directory, 'resolv.conf');
  }

  get ingressAuthority(): string {
    return join(this.#directory, 'ingress-ca.pem');
  }

  writeCredentials(name: string, controlPlane: ControlPlane): Promise<Credentials> {
    return writeCredentials(this.#directory, name, controlPlane);
  }

  async remove(): Promise<void> {
    process.off('exit', this.#removeAtExit);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

const PRELOAD = new URL('one-address-preload.ts', import.meta.url).href;

/** The environment variables that a DaemonSet would set for the pod of one node. */
export function environmentOf(
  layout: Layout,
  files: Files,
  credentials: Credentials,
  apiServer: URL,
  node: Readonly<{ name: string; programAddress: string; podName: string }>,
): Record<string, string> {
  return {
    ...(layout.hasOneAddress && { NODE_OPTIONS: `--import=${PRELOAD}` }),
    KUBECONFIG: credentials.kubeconfig,
    KUBERNETES_SERVICE_HOST: apiServer.hostname,
    KUBERNETES_SERVICE_PORT: apiServer.port,
    KUBENURSE_INGRESS_URL: `https://${INGRESS_HOST}:${layout.ingress.port}`,
    KUBENURSE_SERVICE_URL: `http://${SERVICE_HOST}:${layout.service.port}`,
    KUBENURSE_EXTRA_CA: files.ingressAuthority,
    KUBENURSE_NAMESPACE: NAMESPACE,
    KUBENURSE_NEIGHBOUR_FILTER: `${LABEL.key}=${LABEL.value}`,
    KUBENURSE_LISTEN_ADDRESS: node.programAddress,
    KUBENURSE_RESOLV_CONF: files.resolvConf,
    // A tenth of the default: long enough for requests that arrive while the pod is being taken out
    // of service.
    KUBENURSE_SHUTDOWN_DURATION: '500ms',
    POD_NAME: node.podName,
    NODE_NAME: node.name,
  };
}
