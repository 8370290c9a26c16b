import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { printable } from '../printable.ts';

/** How long a plugin may take, in milliseconds. */
const PLUGIN_TIMEOUT_MS = 30_000;

/** How long to wait after a failure before running the plugin again, in milliseconds. */
const FAILURE_TTL_MS = 10_000;

/** How many bytes of output to read, and how many characters of standard error to show. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_SHOWN_LENGTH = 200;

/** The `exec` part of a kubeconfig's user. */
export type ExecPlugin = Readonly<{
  apiVersion?: string;
  command: string;
  args?: readonly string[] | null;
  env?: readonly { name: string; value: string }[] | null;
  provideClusterInfo?: boolean;
}>;

export type ExecCluster = Readonly<{
  server: string;
  tlsServerName?: string | undefined;
  skipTLSVerify?: boolean | undefined;
  caFile?: string | undefined;
  caData?: string | undefined;
  proxyUrl?: string | undefined;
}>;

/** What a plugin returns: a token, a client certificate with its key (PEM), or both. */
export type ExecCredential = Readonly<{
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
}>;

type Status = ExecCredential & { expirationTimestamp?: string };

const runs = new Map<string, { status: Promise<Status>; expires: number }>();

/**
 * Returns the credential of a plugin, which runs once until the credential expires. Rejects if the
 * plugin fails, returns no credential, or takes longer than 30 s. It then runs again after 10 s at
 * the earliest.
 */
export function execCredential(plugin: ExecPlugin, cluster: ExecCluster): Promise<ExecCredential> {
  const key = JSON.stringify([plugin, cluster]);
  const known = runs.get(key);
  if (known !== undefined && known.expires > Date.now()) return known.status;
  const run = { status: runPlugin(plugin, cluster), expires: Infinity };
  runs.set(key, run);
  run.status.then(
    ({ expirationTimestamp }) => {
      const expires = Date.parse(expirationTimestamp ?? '');
      if (!Number.isNaN(expires)) run.expires = expires;
    },
    () => {
      run.expires = Date.now() + FAILURE_TTL_MS;
    },
  );
  return run.status;
}

/** Call this when the API server rejects a credential: each plugin runs again when next needed. */
export function forgetExecCredentials(): void {
  runs.clear();
}

async function runPlugin(plugin: ExecPlugin, cluster: ExecCluster): Promise<Status> {
  const output = await run(plugin, {
    ...process.env,
    ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: execInfo(plugin, cluster),
  });
  let status: Status | undefined;
  try {
    status = JSON.parse(output)?.status;
  } catch {
    // The parser's message might reveal a credential.
  }
  if (typeof status?.token !== 'string' && typeof status?.clientCertificateData !== 'string') {
    throw new Error(`the credential plugin ${plugin.command} returned no credential`);
  }
  return status;
}

function run({ command, args }: ExecPlugin, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) =>
      reject(new Error(`the credential plugin ${command} ${why}`, { cause }));
    const options = { env, maxBuffer: MAX_OUTPUT_BYTES };
    const child = execFile(command, args ?? [], options, (error, stdout, stderr) => {
      clearTimeout(limit);
      if (error === null) return resolve(stdout);
      const text = printable(stderr || error.message, MAX_SHOWN_LENGTH).trim();
      fail(`failed (${error.code}): ${text}`, error);
    });
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      // The plugin's own children may outlive it and keep these open.
      child.stdout?.destroy();
      child.stderr?.destroy();
      fail(`did not finish within ${PLUGIN_TIMEOUT_MS / 1_000} s`);
    }, PLUGIN_TIMEOUT_MS);
    child.stdin?.on('error', () => {}).end();
  });
}

/** What a plugin learns about its caller (client.authentication.k8s.io). */
function execInfo({ apiVersion, provideClusterInfo }: ExecPlugin, cluster: ExecCluster): string {
  const { caFile, caData, server, tlsServerName, skipTLSVerify, proxyUrl } = cluster;
  const authority = caFile ? readFileSync(caFile).toString('base64') : caData;
  const info = {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify,
    'certificate-authority-data': authority,
    'proxy-url': proxyUrl,
  };
  const spec = { interactive: false, ...(provideClusterInfo ? { cluster: info } : {}) };
  return JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
}
