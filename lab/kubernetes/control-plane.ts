import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Etcd } from '../real/etcd.ts';
import type { Fabric } from '../real/fabric.ts';
import { KubeApiServer, type User } from '../real/kube-api-server.ts';
import type { KubeClient } from '../real/kube-client.ts';
import { Kubectl } from '../real/kubectl.ts';
import type { Machine } from '../real/machine.ts';
import { ServingCertificate } from '../real/serving-certificate.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type Tool, tool } from '../tools/tool.ts';
import { kubeconfig } from './kubeconfig.ts';

/** The last numbers of addresses: the machine's, and those of cluster IPs. */
const MACHINE = 10;
const SERVICES = { kubernetes: 1, dns: 10 };
/** The user name with which the API server authenticates to kubelet. */
const KUBELET_CLIENT = 'kube-apiserver-kubelet-client';
/** Maximum number of nodes. */
const MAX_NODES = 9;

/** etcd, kube-apiserver, kube-controller-manager and kube-scheduler, on one machine. */
export class ControlPlane {
  readonly machine: Machine;
  readonly apiServer: KubeApiServer;
  readonly admin: KubeClient;
  readonly kubectl: Kubectl;
  /** The addresses of the cluster's DNS, one for each family. */
  readonly dnsAddresses: readonly string[];
  /** PEM: the authority that signed the certificate that the API server presents to kubelet. */
  readonly clientAuthority: string;
  readonly certificate: ServingCertificate;
  readonly #users: readonly User[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Readonly<{
      fabric: Fabric;
      machine: Machine;
      certificate: ServingCertificate;
      apiServer: KubeApiServer;
      clientAuthority: string;
      users: readonly User[];
      kubectl: Kubectl;
    }>,
    stack: AsyncDisposableStack,
  ) {
    this.machine = parts.machine;
    this.admin = parts.apiServer.admin;
    this.kubectl = parts.kubectl;
    this.dnsAddresses = parts.fabric.plan.service(SERVICES.dns);
    this.clientAuthority = parts.clientAuthority;
    this.certificate = parts.certificate;
    this.apiServer = parts.apiServer;
    this.#users = parts.users;
    this.#stack = stack;
  }

  /** Resolves once the API server is ready and the others run. `directory`: for all their files. */
  static async start(fabric: Fabric, directory: string): Promise<ControlPlane> {
    await using starting = new AsyncDisposableStack();
    await mkdir(directory, { recursive: true });
    const machine = await fabric.addMachine('control-plane', MACHINE);
    const etcd = await Etcd.start(directory);
    starting.defer(() => etcd.stop());
    const certificate = await ServingCertificate.create(directory, [
      ...machine.addresses,
      ...fabric.plan.service(SERVICES.kubernetes),
    ]);
    const users = allUsers();
    const clientAuthority = await CertificateAuthority.create('clients');
    const apiServer = await KubeApiServer.start({
      directory,
      machine,
      etcd,
      certificate,
      serviceRanges: fabric.plan.serviceRange(),
      users,
      flags: [
        // The API server is an endpoint of the Service `kubernetes`.
        '--endpoint-reconciler-type=lease',
        '--kubelet-preferred-address-types=InternalIP',
        ...(await kubeletClientFlags(clientAuthority, directory)),
      ],
    });
    starting.defer(() => apiServer.kill());
    const { url, admin, adminToken } = apiServer;
    const kubectl = new Kubectl({
      url,
      token: adminToken,
      authorityFile: certificate.authorityFile,
      directory,
    });
    await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: KUBELET_CLIENT },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:kubelet-api-admin',
      },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: KUBELET_CLIENT }],
    });
    const authority = clientAuthority.certificate;
    const parts = { fabric, machine, certificate, apiServer, users, kubectl };
    const started = { ...parts, clientAuthority: authority };
    const controlPlane = new ControlPlane(started, starting.move());
    try {
      await controlPlane.#startControllers(directory);
    } catch (error) {
      await controlPlane.close();
      throw error;
    }
    return controlPlane;
  }

  /** The text of a user's kubeconfig. Throws if there is no user of this name. */
  kubeconfig(name: string): string {
    const user = this.#users.find((each) => each.name === name);
    if (user === undefined) throw new Error(`the API server does not know ${name}`);
    const { authority } = this.certificate;
    return kubeconfig({ url: this.apiServer.url, authority, token: user.token });
  }

  /** Kills the API server, which refuses connections until `start()`. */
  kill(): Promise<void> {
    return this.apiServer.kill();
  }

  /** Starts the API server again. */
  start(): Promise<void> {
    return this.apiServer.start();
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async #startControllers(directory: string): Promise<void> {
    await this.#startController('kube-controller-manager', directory, [
      '--use-service-account-credentials=true',
      `--service-account-private-key-file=${this.apiServer.serviceAccountKeyFile}`,
      `--root-ca-file=${this.certificate.authorityFile}`,
      `--flex-volume-plugin-dir=${join(directory, 'volume-plugins')}`,
    ]);
    await this.#startController('kube-scheduler', directory, []);
  }

  async #startController(name: Tool, directory: string, flags: readonly string[]): Promise<void> {
    const file = join(directory, `${name}.kubeconfig`);
    await writeFile(file, this.kubeconfig(`system:${name}`), { mode: 0o600 });
    const process = await ServerProcess.start(
      tool(name),
      [
        ...['', 'authentication-', 'authorization-'].map((what) => `--${what}kubeconfig=${file}`),
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        ...flags,
      ],
      { enter: this.machine.enter, ready: () => true },
    );
    this.#stack.defer(() => process.kill());
  }
}

function allUsers(): User[] {
  const user = (name: string, groups: readonly string[] = []) => ({
    token: randomBytes(16).toString('hex'),
    name,
    groups,
  });
  return [
    user('system:kube-controller-manager'),
    user('system:kube-scheduler'),
    user('system:kube-proxy'),
    ...Array.from({ length: MAX_NODES }, (_, index) =>
      user(`system:node:node-${index + 1}`, ['system:nodes']),
    ),
  ];
}

/** Flags for the certificate that the API server presents to the kubelet. */
async function kubeletClientFlags(
  authority: CertificateAuthority,
  directory: string,
): Promise<string[]> {
  const { certificate, key } = await authority.issue({
    commonName: KUBELET_CLIENT,
    usage: 'client',
  });
  const files = {
    certificate: join(directory, 'kubelet-client.crt'),
    key: join(directory, 'kubelet-client.key'),
  };
  await writeFile(files.certificate, certificate);
  await writeFile(files.key, key, { mode: 0o600 });
  return [`--kubelet-client-certificate=${files.certificate}`, `--kubelet-client-key=${files.key}`];
}
