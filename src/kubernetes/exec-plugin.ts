import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { printable } from '../printable.ts';

/** How long a plugin may take, in milliseconds. */
const PLUGIN_TIMEOUT_MS = 30_000;

/** How long its failure counts before it is run again, in milliseconds. */
const FAILURE_TTL_MS = 10_000;

/** How much of what it writes is read, in bytes, and of its standard error shown, in characters. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_SHOWN_LENGTH = 200;

/** The part `exec` of a kubeconfig's user. */
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

/** What a plugin gives: a token, a client certificate with its key (PEM), or both. */
export type ExecCredential = Readonly<{
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
}>;

type Status = ExecCredential & { expirationTimestamp?: string };

const runs = new Map<string, { status: Promise<Status>; expires: number }>();

/**
 * The credential of a plugin, which is run once until the credential expires. Rejects when it fails, gives none, or takes
 * longer than 30 s; it is then run again after 10 s at the earliest.
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

/** To be called when the API server takes a credential no longer: every plugin is run again when it is next needed. */
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
    // The parser's message would show what may be a credential.
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
      // Its own children may live on with these.
      child.stdout?.destroy();
      child.stderr?.destroy();
      fail(`did not finish within ${PLUGIN_TIMEOUT_MS / 1_000} s`);
    }, PLUGIN_TIMEOUT_MS);
    child.stdin?.on('error', () => {}).end();
  });
}

/** What a plugin learns of who runs it (client.authentication.k8s.io). */
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
