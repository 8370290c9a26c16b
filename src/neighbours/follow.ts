import { MAX_ITEMS } from '../kubernetes/first-items.ts';
import { logOnce } from '../kubernetes/invalid-values.ts';
import { createCordonedNodeInformer, isNodeGone, readZone } from '../kubernetes/nodes.ts';
import { createPodInformer, type PodsOptions } from '../kubernetes/pods.ts';
import { inSeconds } from '../seconds.ts';
import { Neighbourhood, type NeighbourhoodOptions } from './discover.ts';
import { ZoneCache } from './zone-cache.ts';

export type FollowOptions = PodsOptions & Readonly<{ limit: number; allowUnschedulable: boolean }>;

type Log = Readonly<{
  info: (fields: object, message: string) => void;
  warn: (fieldsOrMessage: object | string, message?: string) => void;
}>;

/** The neighbourhood as the API server reports it, until the signal aborts. */
export function followNeighbourhood(
  options: FollowOptions,
  self: Pick<NeighbourhoodOptions, 'podName' | 'namespace' | 'nodeName' | 'hostname'>,
  log: Log,
  signal: AbortSignal,
): Neighbourhood {
  const events = (what: string, remedy: string) => ({
    onChange: () => neighbourhood.changed(),
    onError: (error: Error) =>
      log.warn({ error: error.message }, `cannot watch ${what}; keeping the last known list`),
    onRecovery: (milliseconds: number) =>
      log.info({ seconds: inSeconds(milliseconds) }, `watching ${what} again`),
    onExcess: (isTooMany: boolean) => {
      if (isTooMany)
        log.warn(`more than ${MAX_ITEMS} ${what}; leaving out the last by name: ${remedy}`);
      else log.info({}, `all ${what} are known again`);
    },
    onInvalid: logOnce((text) => log.warn(text)),
  });
  const pods = createPodInformer(
    options,
    events('neighbours', 'KUBENURSE_NEIGHBOUR_FILTER should select only kubenurse pods'),
  );
  const cordonedNodes = options.allowUnschedulable
    ? undefined
    : createCordonedNodeInformer(
        events('cordoned nodes', 'pods on the nodes left out are checked'),
      );
  const zones = new ZoneCache({ readZone, signal, onKnown: () => neighbourhood.changed() });
  const neighbourhood = new Neighbourhood({
    ...self,
    limit: options.limit,
    pods,
    cordonedNodes,
    isNodeGone,
    // Without a watch of cordoned nodes, the pod may have no permission to read nodes.
    zoneOf: (nodeName) => (options.allowUnschedulable ? '' : zones.get(nodeName)),
    onChosen: choiceLog(log),
  });
  pods.follow(signal);
  cordonedNodes?.follow(signal);
  return neighbourhood;
}

/** Logs the first choice, and whenever neighbours appear or none are left. */
function choiceLog(log: Log): (neighbours: number, pods: number) => void {
  let hadAny: boolean | undefined;
  return (neighbours, pods) => {
    const hasAny = neighbours > 0;
    if (hasAny === hadAny) return;
    hadAny = hasAny;
    if (hasAny) log.info({ neighbours, pods }, 'neighbours chosen');
    else log.warn({ neighbours, pods }, 'no neighbours to check');
  };
}
