import { isIPv6 } from 'node:net';
import type { Check, Neighbour, Probe } from './model.ts';
import type { Neighbourhood } from './neighbours/discover.ts';

/** The probe of each kind of target. Only that of the API server has the service account's token. */
export type Probes = Readonly<{ apiServer: Probe; neighbour: Probe; other: Probe }>;

/** The targets to check; undefined ones are disabled. */
export type Targets = Readonly<{
  apiServerDirect: URL | undefined;
  apiServerDns: URL | undefined;
  meIngress: URL | undefined;
  meService: URL | undefined;
  extra: readonly Readonly<{ name: string; url: URL }>[];
  neighbours: NeighbourPort | undefined;
}>;

/** Where all neighbours listen. */
export type NeighbourPort = Readonly<{ scheme: 'http' | 'https'; port: number }>;

/** The URL of a page of the neighbour with this IP address. */
export function neighbourUrl({ scheme, port }: NeighbourPort, podIP: string, page: string): URL {
  return new URL(`${scheme}://${isIPv6(podIP) ? `[${podIP}]` : podIP}:${port}${page}`);
}

// What a healthy path can answer with all the same. Their series exist from the start, so that the first one is seen.
const API_SERVER_STATUSES = [401, 403, 429, 500, 503, 504];
const PROXY_STATUSES = [404, 500, 502, 503, 504];
const NEIGHBOUR_STATUSES = [503];

/**
 * The current checks (types and targets: the contract). A failure of
 * an own check counts unless it comes too early for the pod to be behind its Service and ingress.
 */
export function createChecks(
  targets: Targets,
  probes: Probes,
  neighbourhood: Neighbourhood | undefined,
  startup: Readonly<{ isTooEarly: (since: number) => Promise<boolean> }>,
): () => readonly Check[] {
  const check = (
    type: string,
    url: URL | undefined,
    probe: Probe,
    knownStatuses: readonly number[],
  ): Check[] => (url ? [{ type, target: { url }, probe, knownStatuses }] : []);
  const own = (type: string, url: URL | undefined): Check[] =>
    check(type, url, probes.other, PROXY_STATUSES).map((each) => ({
      ...each,
      isFalseAlarm: (since: number) => startup.isTooEarly(since),
    }));

  const always = [
    ...check('api_server_direct', targets.apiServerDirect, probes.apiServer, API_SERVER_STATUSES),
    ...check('api_server_dns', targets.apiServerDns, probes.apiServer, API_SERVER_STATUSES),
    ...own('me_ingress', targets.meIngress),
    ...own('me_service', targets.meService),
    ...targets.extra.flatMap(({ name, url }) => check(name, url, probes.other, PROXY_STATUSES)),
  ];
  const path = (where: NeighbourPort, neighbour: Neighbour) => {
    const { nodeName, podIP } = neighbour;
    return {
      type: `path_${nodeName}`,
      target: { url: neighbourUrl(where, podIP, '/alwayshappy'), neighbour },
      probe: probes.neighbour,
      knownStatuses: NEIGHBOUR_STATUSES,
      isFalseAlarm: async (since: number) =>
        (await neighbourhood?.isGone(neighbour, since)) ?? false,
    };
  };
  // A thousand of them take milliseconds to make: only where the neighbours are others than the last time.
  let known: readonly Neighbour[] | undefined;
  let checks: readonly Check[] = always;
  return () => {
    const { neighbours } = targets;
    if (neighbours === undefined || neighbourhood === undefined) return always;
    const current = neighbourhood.neighbours();
    if (current !== known) {
      known = current;
      checks = [...always, ...current.map((neighbour) => path(neighbours, neighbour))];
    }
    return checks;
  };
}
