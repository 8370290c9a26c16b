import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { JSON_SCHEMA, load } from 'js-yaml';

type Fields = Readonly<Record<string, unknown>>;
type Kind = 'clusters' | 'users' | 'contexts';
type Entry = Readonly<{ name: string }> & Fields;

/** A kubeconfig as client-node reads it. */
export type Kubeconfig = Record<Kind, Entry[]> & { 'current-context'?: string };

/** The files of `KUBECONFIG`, else `~/.kube/config` if it exists; none without a kubeconfig. */
export function kubeconfigFiles(): string[] {
  const listed = (process.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  if (listed.length > 0) return listed;
  const usual = join(process.env.HOME ?? '', '.kube', 'config');
  return process.env.HOME && existsSync(usual) ? [usual] : [];
}

/**
 * Merges the files as kubectl does: of entries with the same name, the first file's wins as a
 * whole, and so does the first `current-context`. Skips missing and empty files. Throws if all are
 * missing, or if one is not valid YAML, without quoting it.
 */
export function mergeKubeconfigs(files: readonly string[]): Kubeconfig {
  const merged: Kubeconfig = { clusters: [], users: [], contexts: [] };
  let missing: unknown;
  let isThere = false;
  for (const file of files) {
    try {
      const config = parse(readFileSync(file, 'utf8'));
      isThere = true;
      merge(merged, config, dirname(file));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      missing ??= error;
    }
  }
  if (!isThere) throw missing;
  return merged;
}

function merge(merged: Kubeconfig, config: Fields, folder: string): void {
  for (const kind of ['clusters', 'users', 'contexts'] as const) {
    for (const entry of entriesOf(config[kind])) {
      if (merged[kind].some(({ name }) => name === entry.name)) continue;
      merged[kind].push(NORMALIZE[kind](entry, folder));
    }
  }
  const context = config['current-context'];
  if (typeof context === 'string' && context !== '') merged['current-context'] ??= context;
}

function entriesOf(value: unknown): Entry[] {
  if (!Array.isArray(value)) return [];
  return value.filter((entry) => typeof fieldsOf(entry).name === 'string');
}

/**
 * Converts each to what client-node accepts: resolves paths against the file's folder, and replaces
 * what client-node does not support or refuses.
 */
const NORMALIZE: Readonly<Record<Kind, (entry: Entry, folder: string) => Entry>> = {
  clusters: (entry, folder) => {
    const cluster = absolute(fieldsOf(entry.cluster), ['certificate-authority'], folder);
    // client-node refuses http unless TLS verification is off as well.
    const isPlain = `${cluster.server}`.startsWith('http:');
    return {
      name: entry.name,
      cluster: isPlain ? { ...cluster, 'insecure-skip-tls-verify': true } : cluster,
    };
  },
  users: (entry, folder) => {
    const paths = ['client-certificate', 'client-key', 'tokenFile'];
    const { tokenFile, ...user } = absolute(fieldsOf(entry.user), paths, folder);
    const exec = user.exec ? { exec: fromFolder(fieldsOf(user.exec), folder) } : {};
    // client-node supports tokenFile only for a service account; it takes precedence over token.
    const file = tokenFile
      ? { token: undefined, 'auth-provider': { name: 'tokenFile', config: { tokenFile } } }
      : {};
    return { name: entry.name, user: { ...user, ...exec, ...file } };
  },
  contexts: (entry) => entry,
};

function absolute(fields: Fields, names: readonly string[], folder: string): Fields {
  const paths = names.flatMap((name) => {
    const path = fields[name];
    const isRelative = typeof path === 'string' && path !== '' && !isAbsolute(path);
    return isRelative ? [[name, join(folder, path)] as const] : [];
  });
  return { ...fields, ...Object.fromEntries(paths) };
}

/** A command with a slash is relative to the kubeconfig's folder; others are looked up in PATH. */
function fromFolder(exec: Fields, folder: string): Fields {
  return `${exec.command}`.includes('/') ? absolute(exec, ['command'], folder) : exec;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function parse(text: string): Fields {
  // js-yaml rejects a text without any document.
  if (text.split('\n').every((line) => /^\s*(#.*|---\s*)?$/.test(line))) return {};
  try {
    return fieldsOf(load(text, { schema: JSON_SCHEMA }));
  } catch (error) {
    const { mark } = error as Error & { mark?: { line: number } };
    // Its message quotes the lines around the error, which may contain a token.
    throw new Error(`the kubeconfig is not valid YAML${mark ? `: line ${mark.line + 1}` : ''}`);
  }
}
