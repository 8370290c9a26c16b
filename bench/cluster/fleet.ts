import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../lab/support/server-process.ts';
import { Ring } from '../../src/neighbours/choose.ts';
import { startNode } from '../served/node-process.ts';
import { tlsSettings } from '../served/tls-settings.ts';
import { startEmbeddedPods } from '../support/embedded-pods.ts';
import { type FleetFile, type FleetPod, NEIGHBOURS } from './fleet-report.ts';

/** The node whose pod does not run. The verdict must name it, and nothing else. */
export const DOWN = 'node-3';

/** The node of the pod that collects: the first of the cluster. */
const OWN = 'node-0';

/** Checked by every pod through its Service. */
const SERVICE = 'node-1';

/**
 * The variables of a pod, the URL at which it serves HTTP, and the one at which others check it.
 */
export type FleetProbe = Readonly<{
  url: string;
  checkedUrl: string;
  environment: Readonly<Record<string, string>>;
}>;

/** `files`: the other pods (`FleetFile`); `origin`: their URL, with `*` for the address. */
export type Fleet = Readonly<{
  collector: FleetProbe;
  neighbour: FleetProbe;
  files: readonly string[];
  origin: string;
}>;

/**
 * Starts all pods but one of `count` nodes on this machine: objects in an embedded API server, and
 * two small programs that report for all but the two measured pods, one of them for the pods that
 * these two check. The pod of `DOWN` refuses connections. Resolves to the pod of the first node,
 * and one that checks it, neither of them started.
 */
export async function startFleet(
  stack: AsyncDisposableStack,
  count: number,
  overTls: boolean,
): Promise<Fleet> {
  const places = Array.from({ length: count }, (_, i) => ({
    node: `node-${i}`,
    address: `127.91.${Math.floor(i / 250)}.${1 + (i % 250)}`,
  }));
  const { folder, names, environment } = await startEmbeddedPods(stack, places);
  const pods = new Map(
    places.map((place, i): [string, FleetPod] => [place.node, { ...place, name: names[i] ?? '' }]),
  );
  const ports = { http: await freePort(), tls: await freePort() };
  const port = String(overTls ? ports.tls : ports.http);
  const nodes = [...pods.keys()];
  const ring = new Ring();
  const chosen = (node: string) => ring.choose(node, nodes, NEIGHBOURS);
  const neighbour =
    nodes.find((node) => ![OWN, SERVICE, DOWN].includes(node) && chosen(node).includes(OWN)) ?? '';
  const checked = new Set([SERVICE, ...chosen(OWN), ...chosen(neighbour)]);
  const { true: near = [], false: far = [] } = Object.groupBy(
    [...pods.values()].filter(({ node }) => ![OWN, DOWN, neighbour].includes(node)),
    ({ node }) => `${checked.has(node)}`,
  );
  const tls = overTls ? await tlsSettings(stack, ports.tls) : {};
  const files: string[] = [];
  for (const served of [near, far]) {
    const file = join(folder, `${served[0]?.node}.json`);
    files.push(file);
    await writeFile(file, JSON.stringify({ nodes, served } satisfies FleetFile));
    const ready = String(await freePort());
    await startNode(
      stack,
      [join(import.meta.dirname, 'fleet-server.ts')],
      { PORT: port, READY_PORT: ready, FLEET: file, DOWN, ...tls },
      `http://127.0.0.1:${ready}/`,
    );
  }
  const scheme = overTls ? 'https' : 'http';
  const service = `${scheme}://${pods.get(SERVICE)?.address}:${port}`;
  const probe = (node: string): FleetProbe => {
    const { address = '', name = '' } = pods.get(node) ?? {};
    return {
      url: `http://${address}:${ports.http}`,
      checkedUrl: `${scheme}://${address}:${port}/alwayshappy`,
      environment: {
        ...environment,
        ...tls,
        KUBENURSE_INSECURE: String(overTls),
        KUBENURSE_LISTEN_ADDRESS: address,
        KUBENURSE_PORT: String(ports.http),
        KUBENURSE_SERVICE_URL: service,
        NODE_NAME: node,
        POD_NAME: name,
      },
    };
  };
  return {
    collector: probe(OWN),
    neighbour: probe(neighbour),
    files,
    origin: `${scheme}://*:${port}`,
  };
}
