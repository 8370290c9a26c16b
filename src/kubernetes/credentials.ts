import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
// Imported by path: the package's index loads every API model, which costs 20 MB and 0.3 s.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { TLS_CLIENT } from '../tls-verification.ts';
import { bearerAuthorization } from './bearer-token.ts';
import { execCredential } from './exec-plugin.ts';
import { kubeconfigFiles, mergeKubeconfigs } from './kubeconfig.ts';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Where the API server is, and the options of a request to it. */
export type Access = Readonly<{ server: URL; options: RequestOptions }>;

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };
type Loaded = { config: KubeConfig; cluster: Mutable<Cluster>; user: Mutable<User> | undefined };

/**
 * Loads the usual kubeconfig (`KUBECONFIG`, `~/.kube/config`), else the service account of a pod,
 * whose files are under `root`. Loaded again for each use: tokens, certificates and authorities
 * rotate while the program runs.
 */
function loadKubeConfig(root: string): Loaded {
  const config = new KubeConfig();
  const files = kubeconfigFiles();
  const isInCluster = files.length === 0;
  if (!isInCluster) {
    const merged = JSON.stringify(mergeKubeconfigs(files));
    config.loadFromString(merged, { onInvalidEntry: 'filter' });
  } else if (existsSync(`${root}${SERVICE_ACCOUNT_TOKEN}`)) {
    config.loadFromCluster(root);
  } else {
    throw new Error('found neither a service account nor a kubeconfig (KUBECONFIG)');
  }
  const cluster = config.getCurrentCluster() as Mutable<Cluster> | null;
  if (cluster === null) throw new Error('the kubeconfig has no current context with a cluster');
  // Always TLS: the package assumes plain HTTP for some ports.
  if (isInCluster) cluster.server = cluster.server.replace(/^http:/, 'https:');
  const url = URL.parse(cluster.server);
  if (url === null) throw new Error("the kubeconfig's server is not a URL");
  // As kubectl does: no secret is sent in the clear, and no plugin runs.
  if (url.protocol === 'http:') config.users = [];
  const name = url.hostname;
  // As Go does: neither a certificate nor SNI has a trailing dot.
  if (name.endsWith('.')) cluster.tlsServerName ||= name.slice(0, -1);
  return { config, cluster, user: config.getCurrentUser() ?? undefined };
}

const BEARER = /^Bearer (.*)$/s;

/** Like `loadKubeConfig`, with the user's plugin, if any, replaced by the credential it returns. */
async function loadCredentials(root: string): Promise<Loaded> {
  const loaded = loadKubeConfig(root);
  const { cluster, user } = loaded;
  if (!user?.exec) return loaded;
  const { token, clientCertificateData, clientKeyData } = await execCredential(user.exec, cluster);
  user.exec = undefined;
  if (token !== undefined) user.token = token;
  if (clientCertificateData !== undefined) user.certData = base64(clientCertificateData);
  if (clientKeyData !== undefined) user.keyData = base64(clientKeyData);
  return loaded;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/**
 * Rejects if there are no usable credentials, naming those it looks for. `root`: where a pod's
 * files are, for tests.
 */
export async function loadAccess(root = ''): Promise<Access> {
  const { config, cluster } = await loadCredentials(root);
  // Set before the package creates an agent from the options.
  const options: RequestOptions = { ...TLS_CLIENT };
  await config.applyToHTTPSOptions(options);
  const headers = options.headers as Record<string, string> | undefined;
  const token = headers?.Authorization?.match(BEARER)?.[1];
  if (headers !== undefined && token !== undefined) {
    const authorization = bearerAuthorization(token);
    if (authorization === undefined) delete headers.Authorization;
    else headers.Authorization = authorization;
  }
  return { server: new URL(cluster.server), options };
}

/** Returns `undefined` if the credentials are of another kind. */
async function readBearerToken(): Promise<string | undefined> {
  const { user } = await loadCredentials('');
  const file: string | undefined = user?.authProvider?.config?.tokenFile;
  return file === undefined ? user?.token : readFile(file, 'utf8');
}

/**
 * The cluster's certificate authority, as a file or as PEM. Neither if the credentials name none,
 * `undefined` if there are no credentials.
 */
export function clusterAuthority(): { file?: string; pem?: string } | undefined {
  try {
    const { cluster } = loadKubeConfig('');
    if (cluster.caFile) return { file: cluster.caFile };
    if (cluster.caData) return { pem: Buffer.from(cluster.caData, 'base64').toString() };
    return {};
  } catch {
    // The users of the API server report this.
    return undefined;
  }
}

/**
 * Returns the value of `Authorization` for the API server, read again at each call, or `undefined`
 * if there is none or it is unusable. Reports the first of consecutive errors to `onError`.
 */
export function createAuthorization(
  onError: (error: Error) => void,
): () => Promise<string | undefined> {
  let isInTrouble = false;
  return async () => {
    try {
      const token = await readBearerToken();
      const authorization = bearerAuthorization(token ?? '');
      isInTrouble = false;
      return authorization;
    } catch (error) {
      if (!isInTrouble) onError(error as Error);
      isInTrouble = true;
      return undefined;
    }
  };
}
