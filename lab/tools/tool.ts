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

/** Where `npm run tools` puts this program. Throws when it is not there. */
export function tool(name: Tool): string {
  const path = pathOf(name);
  if (!existsSync(path)) throw new Error(`${name} is missing: npm run tools`);
  return path;
}

/** Those of these programs that are not there. */
export function missingTools(names: readonly Tool[]): Tool[] {
  return names.filter((name) => !existsSync(pathOf(name)));
}

function pathOf(name: Tool): string {
  return join(FOLDER, name);
}
