import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { FetchFrom } from '../../src/cluster/collection.ts';
import type { ListedPod } from '../../src/neighbours/pod-list.ts';
import { createFetchBody } from '../../src/probes/fetch-body.ts';
import type { ClusterView, Report } from '../../src/verdict/report.ts';

/**
 * The pods of this view as the API server lists them, each at an address of this machine, without
 * the one that collects.
 */
export function listedPods({ expected, collector }: ClusterView): ListedPod[] {
  return expected
    .map((pod, index) => ({ ...pod, podIP: `127.9.${index >> 8}.${index & 255}`, createdAt: 0 }))
    .filter(({ pod }) => pod !== collector.pod);
}

/** The report of the pod that collects. */
export function ownReport({ reports, collector }: ClusterView): Report {
  const own = reports.find(({ pod }) => pod === collector.pod);
  if (own === undefined) throw new Error('the view has no report of the pod that collects');
  return own;
}

/**
 * Starts a server at all of these addresses until the test has finished, and returns what fetches
 * from it. `handle`: by the address of the pod.
 */
export async function startFleet(
  handle: (podIP: string, ...request: Parameters<RequestListener>) => void,
): Promise<FetchFrom> {
  const server = createServer((request, response) =>
    handle(request.socket.localAddress ?? '', request, response),
  );
  server.listen(0, '0.0.0.0', 2_048);
  await new Promise((listening) => server.once('listening', listening));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const { port } = server.address() as AddressInfo;
  const fetchBody = createFetchBody({
    resolve: async () => [],
    secureContext: () => createSecureContext(),
    insecure: false,
    userAgent: 'test/1',
  });
  return ({ podIP, node }, path, signal, maxBody) =>
    fetchBody(new URL(`http://${podIP}:${port}${path}`), node, signal, maxBody);
}

/** Responds with the report of the pod at that address. */
export function reporting(
  view: ClusterView,
): (podIP: string, ...request: Parameters<RequestListener>) => void {
  const byAddress = new Map(
    listedPods(view).map(({ podIP, pod }) => [
      podIP,
      JSON.stringify(view.reports.find((report) => report.pod === pod)),
    ]),
  );
  return (podIP, _request, response) => {
    const body = byAddress.get(podIP) ?? '';
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(body) }).end(body);
  };
}
