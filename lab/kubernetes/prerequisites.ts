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

/** Programs, and the Debian package that has each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  buildah: 'buildah',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
};

/** Why no whole Kubernetes cluster can be started here; undefined when it can. */
export function whyNoKubernetes(): string | undefined {
  return unavailableReason() ?? whatKubernetesLacks();
}

/** What it needs beside the cluster of real parts, and is missing; undefined when nothing is. */
export function whatKubernetesLacks(): string | undefined {
  const notBuilt = whatIsNotBuilt(TOOLS);
  if (notBuilt !== undefined) return notBuilt;
  const missing = Object.entries(PROGRAMS)
    .filter(([program]) => !isThere(program))
    .map(([program, debianPackage]) => `${program} (Debian package ${debianPackage})`);
  if (!existsSync(join(CNI_PROGRAMS, 'ptp'))) {
    missing.push('CNI plugins (Debian package containernetworking-plugins)');
  }
  // On a machine with version 2 alone, nobody has tried.
  if (hierarchies().length === 0) missing.push('control groups of version 1');
  return missing.length > 0
    ? `a Kubernetes cluster cannot be started here; missing: ${missing.join(', ')}`
    : undefined;
}

function isThere(program: string): boolean {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}
