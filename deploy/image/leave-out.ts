import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

/**
 * What the program loads and never calls, and how each names what it exports. Where one is called all the same, it
 * throws and says its name; where it is asked for another name, packing fails.
 */
const LEFT_OUT: Readonly<Record<string, string>> = {
  // client-node's own requests and objects: our requests are made by src/kubernetes/api-request.ts.
  undici: 'export { leftOut as Agent, leftOut as ProxyAgent };',
  './gen/index.js': 'export { leftOut as createConfiguration, leftOut as ServerConfiguration };',
  // A kubeconfig with the auth providers oidc, gcp or azure, or behind a SOCKS proxy.
  'openid-client':
    'export { leftOut as customFetch, leftOut as discovery, leftOut as refreshTokenGrant };',
  'jsonpath-plus': 'export { leftOut as JSONPath };',
  socks: 'export { leftOut as SocksClient };',
  'socks-proxy-agent': 'export { leftOut as SocksProxyAgent };',
  // Koa's cookies and `context.assert()`, which no page uses.
  cookies: 'module.exports = leftOut;',
  'http-assert': 'module.exports = leftOut;',
  // pino's transports and redaction: we write to standard output, and nothing secret.
  'thread-stream': 'module.exports = leftOut;',
  '@pinojs/redact': 'module.exports = leftOut;',
};

/** Those that Koa gives to answers by itself; ours name theirs. */
const MEDIA_TYPES = ['application/json', 'application/octet-stream', 'text/html', 'text/plain'];

/** Leaves out of the packed program what it never calls: modules, media types, and of a package.json all but the version and the repository. */
export const leaveOut: Plugin = {
  name: 'leave out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path }) =>
      Object.hasOwn(LEFT_OUT, path) ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
      contents: `function leftOut() {
        throw new Error('${path} is not in the packed program');
      }
      ${LEFT_OUT[path]}`,
    }));
    onLoad({ filter: /\/mime-db\/db\.json$/ }, ({ path }) => {
      const table = readJson(path);
      return json(Object.fromEntries(MEDIA_TYPES.map((type) => [type, table[type]])));
    });
    onLoad({ filter: /\/package\.json$/ }, ({ path }) => {
      const { version, repository } = readJson(path);
      return json({ version, repository });
    });
  },
};

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function json(value: unknown) {
  return { contents: JSON.stringify(value), loader: 'json' as const };
}
