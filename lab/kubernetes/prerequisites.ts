import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hierarchies } from '../real/hierarchies.ts';
import { unavailableReason } from '../real/own-namespace.ts';
import { whatIsNotBuilt } from '../tools/tool.ts';
import { CNI_PROGRAMS } from './node-files.ts';

const TOOLS = [
  ...(['coredns', 'etcd', 'helm', 'impair', 'kube-apiserver', 'kube-controller-manager'] as const),
  ...(['kube-proxy', 'kube-scheduler', 'kubectl', 'kubelet', 'pause'] as const),
];

/** Programs, and the Debian package that contains each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  buildah: 'buildah',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
};

/** Why a whole Kubernetes cluster cannot be started here; undefined if it can. */
export function whyNoKubernetes(): string | undefined {
  return unavailableReason() ?? whatKubernetesLacks();
}

/** What is missing beyond the requirements of a cluster of real parts; undefined if nothing is. */
export function whatKubernetesLacks(): string | undefined {
  const notBuilt = whatIsNotBuilt(TOOLS);
  if (notBuilt !== undefined) return notBuilt;
  const missing = Object.entries(PROGRAMS)
    .filter(([program]) => !isThere(program))
    .map(([program, debianPackage]) => `${program} (Debian package ${debianPackage})`);
  if (!existsSync(join(CNI_PROGRAMS, 'ptp'))) {
    missing.push('CNI plugins (Debian package containernetworking-plugins)');
  }
  // Untested on machines with version 2 only.
  if (hierarchies().length === 0) missing.push('control groups of version 1');
  return missing.length > 0
    ? `a Kubernetes cluster cannot be started here; missing: ${missing.join(', ')}`
    : undefined;
}

function isThere(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
