import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

const RESOURCES = [
  { name: 'nodes', kind: 'Node', namespaced: false },
  { name: 'pods', kind: 'Pod', namespaced: true },
].map((each) => ({ ...each, singularName: '', verbs: ['list', 'watch'] }));

/** Responses to client-go's discovery. EmbeddedApiServer serves only what the probe requests. */
const DISCOVERY: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'v1',
    resources: RESOURCES,
  },
};

const INVALID = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  reason: 'Invalid',
  code: 422,
};

/**
 * Starts an API server over plain HTTP without pods and nodes, for programs written in Go. It runs
 * until the stack is disposed of. Resolves to the path of its kubeconfig in `folder`.
 */
export async function startEmptyApiServer(
  stack: AsyncDisposableStack,
  folder: string,
  address: string,
): Promise<string> {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api-server');
    const send = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (searchParams.has('sendInitialEvents')) return send(422, INVALID);
    if (searchParams.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      return;
    }
    const known = DISCOVERY[pathname];
    if (known !== undefined) return send(200, known);
    const { kind = '' } = RESOURCES.find(({ name }) => pathname.endsWith(`/${name}`)) ?? {};
    send(200, {
      kind: `${kind}List`,
      apiVersion: 'v1',
      metadata: { resourceVersion: '1' },
      items: [],
    });
  }).listen(0, address);
  await once(server, 'listening');
  stack.defer(async () => {
    server.closeAllConnections();
    server.close();
  });

  const name = 'empty';
  const { port } = server.address() as AddressInfo;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: `http://${address}:${port}` } }],
    users: [{ name, user: {} }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  const kubeconfig = join(folder, 'empty.kubeconfig');
  await writeFile(kubeconfig, JSON.stringify(config));
  return kubeconfig;
}
