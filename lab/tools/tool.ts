import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, 'bin');

/** The programs that `npm run tools` builds. */
export type Tool =
  | 'actionlint'
  | 'coredns'
  | 'etcd'
  | 'helm'
  | 'impair'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-proxy'
  | 'kube-scheduler'
  | 'kubeconform'
  | 'kubectl'
  | 'kubelet'
  | 'otelcol'
  | 'pause'
  | 'peer'
  | 'prometheus'
  | 'promtool';

/** The path at which `npm run tools` puts this program. Throws if it is missing. */
export function tool(name: Tool): string {
  const path = pathOf(name);
  const reason = whatIsNotBuilt([name]);
  if (reason !== undefined) throw new Error(reason);
  return path;
}

/** Those of these programs that are missing. */
export function missingTools(names: readonly Tool[]): Tool[] {
  return names.filter((name) => !existsSync(pathOf(name)));
}

/** Which of these programs are missing, and what to do, as a message; `undefined` if none. */
export function whatIsNotBuilt(names: readonly Tool[]): string | undefined {
  const missing = missingTools(names);
  return missing.length > 0 ? `no ${missing.join(', ')}: run npm run tools first` : undefined;
}

function pathOf(name: Tool): string {
  return join(FOLDER, name);
}
