import type { Check, Neighbour, Probe, Traits } from './model.ts';
import type { Neighbourhood } from './neighbours/discover.ts';
import type { RotatingNeighbours } from './neighbours/rotating.ts';
import { httpTraits } from './probes/http.ts';
import { traitsOfTarget } from './probes/kinds.ts';
import { toUrlHost } from './url-host.ts';

/**
 * The probe of each group of targets; `other` takes targets of every kind. Only `apiServer` has the
 * service account's token. `rotating` checks neighbours without naming the pod that checks.
 */
export type Probes = Readonly<{
  apiServer: Probe;
  neighbour: Probe;
  rotating: Probe;
  other: Probe;
}>;

/** The targets to check; undefined ones are disabled. */
export type Targets = Readonly<{
  apiServerDirect: URL | undefined;
  apiServerDns: URL | undefined;
  meIngress: URL | undefined;
  meService: URL | undefined;
  extra: readonly Readonly<{ name: string; url: URL }>[];
  neighbours:
    | (NeighbourPort &
        Readonly<{
          /** Of their Session-Reflectors; undefined: not checked over UDP. */
          udpPort?: number | undefined;
        }>)
    | undefined;
}>;

/** Where all neighbours listen. */
export type NeighbourPort = Readonly<{ scheme: 'http' | 'https' | 'udp'; port: number }>;

/** The URL of a page of the neighbour with this IP address. */
export function neighbourUrl({ scheme, port }: NeighbourPort, podIP: string, page: string): URL {
  return new URL(`${scheme}://${toUrlHost(podIP)}:${port}${page}`);
}

// Statuses that a target may return although the path to it is fine. Their series exist from the
// start, so that the first occurrence is visible.
const API_SERVER_STATUSES = [401, 403, 429, 500, 503, 504];
const NEIGHBOUR_STATUSES = [503];

/**
 * Returns a function that returns the checks of a round, by its number (types and targets: the
 * contract). A failed check of the pod's own Service or ingress counts unless it comes too early
 * for the pod to be behind them.
 */
export function createChecks(
  targets: Targets,
  probes: Probes,
  neighbourhood: Neighbourhood | undefined,
  startup: Readonly<{ isTooEarly: (since: number) => Promise<boolean> }>,
  rotating?: Pick<RotatingNeighbours, 'inRound' | 'suspects'>,
): (round?: number) => readonly Check[] {
  const apiServer = (type: string, url: URL | undefined): Check[] =>
    url ? [checkOf(type, url, probes.apiServer, httpTraits(url, API_SERVER_STATUSES))] : [];
  const own = (type: string, url: URL | undefined): Check[] =>
    url
      ? [
          {
            ...checkOf(type, url, probes.other, httpTraits(url)),
            isFalseAlarm: (since) => startup.isTooEarly(since),
          },
        ]
      : [];

  const always = [
    ...apiServer('api_server_direct', targets.apiServerDirect),
    ...apiServer('api_server_dns', targets.apiServerDns),
    ...own('me_ingress', targets.meIngress),
    ...own('me_service', targets.meService),
    ...targets.extra.map(({ name, url }) => checkOf(name, url, probes.other, traitsOfTarget(url))),
  ];
  const isFalseAlarm = (neighbour: Neighbour) => async (since: number) =>
    (await neighbourhood?.isGone(neighbour, since)) ?? false;
  const path = (where: NeighbourPort, neighbour: Neighbour): Check => {
    const url = neighbourUrl(where, neighbour.podIP, '/alwayshappy');
    const traits = httpTraits(url, NEIGHBOUR_STATUSES);
    return {
      ...checkOf(`path_${neighbour.nodeName}`, url, probes.neighbour, traits, neighbour),
      isFalseAlarm: isFalseAlarm(neighbour),
    };
  };
  const udp = (port: number, neighbour: Neighbour): Check => {
    const url = neighbourUrl({ scheme: 'udp', port }, neighbour.podIP, '');
    const traits = traitsOfTarget(url);
    return {
      ...checkOf(`udp_${neighbour.nodeName}`, url, probes.other, traits, neighbour),
      isFalseAlarm: isFalseAlarm(neighbour),
    };
  };
  const checksOfRound = (where: NeighbourPort, round: number): Check[] => {
    if (rotating === undefined) return [];
    const probe = probes.rotating;
    const suspect = (each: Neighbour): Check => ({ ...path(where, each), probe, role: 'suspect' });
    const ofRound = (each: Neighbour, index: number): Check => {
      const key = `rotating-${index}`;
      return { ...path(where, each), key, type: 'rotating', probe, role: 'rotating' };
    };
    return [...rotating.suspects().map(suspect), ...rotating.inRound(round).map(ofRound)];
  };
  // Creating a thousand checks takes milliseconds, so it happens only if the neighbours change.
  let known: readonly Neighbour[] | undefined;
  let checks: readonly Check[] = always;
  return (round = 0) => {
    const { neighbours } = targets;
    if (neighbours === undefined || neighbourhood === undefined) return always;
    const current = neighbourhood.neighbours();
    if (current !== known) {
      known = current;
      const { udpPort } = neighbours;
      checks = [
        ...always,
        ...current.map((neighbour) => path(neighbours, neighbour)),
        ...(udpPort === undefined ? [] : current.map((neighbour) => udp(udpPort, neighbour))),
      ];
    }
    const further = checksOfRound(neighbours, round);
    return further.length === 0 ? checks : [...checks, ...further];
  };
}

/** A check that is identified by its type: there is one of each type. */
function checkOf(
  type: string,
  url: URL,
  probe: Probe,
  traits: Traits,
  neighbour?: Neighbour,
): Check {
  const target = neighbour === undefined ? { url } : { url, neighbour };
  return { ...traits, key: type, type, target, probe };
}
