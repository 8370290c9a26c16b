import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
// By its path: the package's index loads every API model, which costs 20 MB and 0.3 s.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { bearerAuthorization } from './bearer-token.ts';

/** Where the API server is and how a request to it is made. */
export type Access = Readonly<{ server: URL; options: RequestOptions }>;

/**
 * The service account's in a cluster, else the usual kubeconfig (`KUBECONFIG`, `~/.kube/config`). Loaded anew for
 * each use: tokens, certificates and authorities are rotated under a running program.
 */
function loadKubeConfig(): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromDefault();
  } catch (error) {
    const { name, mark } = error as Error & { mark?: { line: number } };
    if (name !== 'YAMLException') throw error;
    // Its message shows the lines around, and a token may be there.
    throw new Error(`the kubeconfig is no valid YAML${mark ? `: line ${mark.line + 1}` : ''}`);
  }
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the kubeconfig has no current context with a cluster');
  if (server === 'http://localhost:8080') {
    throw new Error('there is neither a service account nor a kubeconfig (KUBECONFIG)');
  }
  return config;
}

const BEARER = /^Bearer (.*)$/s;

/** Throws when there are no usable credentials, saying which are looked for. */
export async function loadAccess(): Promise<Access> {
  const config = loadKubeConfig();
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers = options.headers as Record<string, string> | undefined;
  const token = headers?.Authorization?.match(BEARER)?.[1];
  if (headers !== undefined && token !== undefined) {
    const authorization = bearerAuthorization(token);
    if (authorization === undefined) delete headers.Authorization;
    else headers.Authorization = authorization;
  }
  return { server: new URL(config.getCurrentCluster()?.server ?? ''), options };
}

/** `undefined` when the credentials are of another kind. */
async function readBearerToken(): Promise<string | undefined> {
  const user = loadKubeConfig().getCurrentUser();
  const file: string | undefined = user?.authProvider?.config?.tokenFile;
  return file === undefined ? user?.token : readFile(file, 'utf8');
}

/**
 * The cluster's certificate authority, in a file or as PEM; neither where the credentials name none, `undefined` where
 * there are no credentials.
 */
export function clusterAuthority(): { file?: string; pem?: string } | undefined {
  try {
    const cluster = loadKubeConfig().getCurrentCluster();
    if (cluster?.caFile) return { file: cluster.caFile };
    if (cluster?.caData) return { pem: Buffer.from(cluster.caData, 'base64').toString() };
    return {};
  } catch {
    // Reported by whoever needs the API server.
    return undefined;
  }
}

/**
 * The value of `Authorization` for the API server, read afresh at each call; `undefined` where there is none or it
 * cannot be used. The latter is told to `onTrouble` when it begins.
 */
export function createAuthorization(
  onTrouble: (error: Error) => void,
): () => Promise<string | undefined> {
  let isInTrouble = false;
  return async () => {
    try {
      const token = await readBearerToken();
      const authorization = bearerAuthorization(token ?? '');
      isInTrouble = false;
      return authorization;
    } catch (error) {
      if (!isInTrouble) onTrouble(error as Error);
      isInTrouble = true;
      return undefined;
    }
  };
}
