import type { Cause } from '../../../src/model.ts';
import { NAME_SERVERS } from './cluster.ts';

export type Component =
  | 'api_server_direct'
  | 'api_server_dns'
  | 'me_ingress'
  | 'me_service'
  | 'shop';

/**
 * Where a component fails: on these nodes; `where` says whether they are all, a zone, or chosen
 * nodes.
 */
export type Where = Readonly<{ where: 'cluster' | 'zone' | 'node'; nodes: ReadonlySet<string> }>;

/** One thing that is broken. */
export type SimulatedFault =
  /**
   * Nothing reaches the program or leaves it: the node is off, or the program has ended or hangs.
   */
  | Readonly<{ kind: 'gone'; node: string; cause: 'unreachable' | 'refused' | 'hung' }>
  /** Drops inbound connections, outbound ones, or both. */
  | Readonly<{ kind: 'deaf' | 'mute' | 'isolated'; node: string }>
  | Readonly<{ kind: 'path'; from: string; to: string; bothWays: boolean }>
  | Readonly<{
      kind: 'split';
      sides: readonly [ReadonlySet<string>, ReadonlySet<string>];
      bothWays: boolean;
    }>
  | Readonly<{ kind: 'dns' } & Where>
  /**
   * `server` does not respond, over either transport or only over TCP: the other one resolves
   * names.
   */
  | Readonly<{ kind: 'name_server'; server: string; overTcpOnly: boolean } & Where>
  | Readonly<{ kind: 'api'; cause: Cause } & Where>
  | Readonly<{ kind: 'api_by_name'; cause: Cause } & Where>
  /** `isEmpty`: the service has no endpoints, which the ingress reports by a status. */
  | Readonly<{ kind: 'service'; cause: Cause; isEmpty: boolean } & Where>
  | Readonly<{ kind: 'ingress'; cause: Cause } & Where>
  | Readonly<{ kind: 'extra'; cause: Cause } & Where>
  | Readonly<{ kind: 'loss'; node: string; share: number }>
  | Readonly<{ kind: 'path_loss'; from: string; to: string; share: number }>
  | Readonly<{ kind: 'mtu'; node: string }>
  | Readonly<{ kind: 'path_mtu'; from: string; to: string }>
  | Readonly<{ kind: 'slow'; node: string; direction: 'from' | 'to' | 'both' }>
  | Readonly<{ kind: 'path_slow'; from: string; to: string }>
  | Readonly<{ kind: 'component_slow'; component: Component } & Where>
  | Readonly<{ kind: 'starved'; node: string }>;

/** A fault, and how long it has existed, in seconds. */
export type Broken = SimulatedFault & Readonly<{ age: number }>;

/** Why a connection that `from` opens to the pod on `to` fails; undefined if it does not. */
export function connection(
  faults: readonly Broken[],
  from: string,
  to: string,
): [Cause, Broken] | undefined {
  let onlyLarge: [Cause, Broken] | undefined;
  for (const fault of faults) {
    const cause = connectionCause(fault, from, to);
    // If nothing gets through, neither do small packets.
    if (cause !== undefined && cause !== 'mtu') return [cause, fault];
    if (cause !== undefined) onlyLarge ??= [cause, fault];
  }
  return onlyLarge;
}

function connectionCause(fault: Broken, from: string, to: string): Cause | undefined {
  if (!affects(fault, from, to)) return undefined;
  if (fault.kind === 'gone') return fault.cause;
  return fault.kind === 'mtu' || fault.kind === 'path_mtu' ? 'mtu' : 'unreachable';
}

function affects(fault: Broken, from: string, to: string): boolean {
  switch (fault.kind) {
    case 'gone':
    case 'deaf':
      return fault.node === to;
    case 'mute':
      return fault.node === from;
    case 'isolated':
    case 'mtu':
      return fault.node === from || fault.node === to;
    case 'path':
      return isPath(fault, from, to, fault.bothWays);
    case 'path_mtu':
      return isPath(fault, from, to, true);
    case 'split':
      return isAcross(fault, from, to);
    default:
      return false;
  }
}

export function isPath(
  path: Readonly<{ from: string; to: string }>,
  from: string,
  to: string,
  bothWays: boolean,
): boolean {
  if (path.from === from && path.to === to) return true;
  return bothWays && path.from === to && path.to === from;
}

function isAcross(
  { sides: [a, b], bothWays }: Extract<Broken, { kind: 'split' }>,
  from: string,
  to: string,
): boolean {
  if (a.has(from) && b.has(to)) return true;
  return bothWays && b.has(from) && a.has(to);
}

/** Why a check of a component fails on a node; undefined if it does not. */
export function componentFailure(
  faults: readonly Broken[],
  node: string,
  component: Component,
): [Cause, Broken] | undefined {
  const byName = component !== 'api_server_direct';
  const cut = faults.find(
    (fault) => (fault.kind === 'mute' || fault.kind === 'isolated') && fault.node === node,
  );
  if (cut) return [byName ? 'dns' : 'unreachable', cut];
  const dns = faults.find((fault) => fault.kind === 'dns' && fault.nodes.has(node));
  const unresolved = dns ?? silentTogether(faults, node);
  if (unresolved && byName) return ['dns', unresolved];
  for (const fault of faults) {
    const cause = ownFailure(fault, node, component);
    if (cause !== undefined) return [cause, fault];
  }
  return undefined;
}

/** The younger of the faults because of which no name server responds on a node. */
function silentTogether(faults: readonly Broken[], node: string): Broken | undefined {
  const silent = faults.filter(
    (fault) => fault.kind === 'name_server' && !fault.overTcpOnly && fault.nodes.has(node),
  );
  const isSilent = (server: string) =>
    silent.some((fault) => fault.kind === 'name_server' && fault.server === server);
  if (!NAME_SERVERS.every(isSilent)) return undefined;
  return silent.toSorted((a, b) => a.age - b.age)[0];
}

/** Why a check of a name server fails on a node. */
export function nameServerFailure(
  faults: readonly Broken[],
  node: string,
  server: string,
  isOverTcp: boolean,
): [Cause, Broken] | undefined {
  const fault = faults.find((each) => {
    if (each.kind === 'mute' || each.kind === 'isolated') return each.node === node;
    if (each.kind === 'dns') return each.nodes.has(node);
    if (each.kind !== 'name_server' || each.server !== server) return false;
    return each.nodes.has(node) && (isOverTcp || !each.overTcpOnly);
  });
  return fault && ['dns', fault];
}

const FAILS: Readonly<Record<string, readonly Component[]>> = {
  api: ['api_server_direct', 'api_server_dns'],
  api_by_name: ['api_server_dns'],
  service: ['me_service'],
  ingress: ['me_ingress'],
  extra: ['shop'],
};

function ownFailure(fault: Broken, node: string, component: Component): Cause | undefined {
  // Requests to the API server carry a token, and are larger than the others.
  if (fault.kind === 'mtu' && fault.node === node && component.startsWith('api')) return 'mtu';
  if (!('nodes' in fault) || !fault.nodes.has(node) || !('cause' in fault)) return undefined;
  if (fault.kind === 'service' && fault.isEmpty && component === 'me_ingress') return 'status';
  return FAILS[fault.kind]?.includes(component) ? fault.cause : undefined;
}
