import { NAME_SERVERS } from './cluster.ts';
import { type Broken, isPath } from './faults.ts';
import type { Random } from './random.ts';

/** Checks that look up a name first. */
const NAMED: ReadonlySet<string> = new Set(['api_server_dns', 'me_ingress', 'me_service', 'shop']);

/** How long a look-up waits for the first name server. */
const LOOK_UP_SECONDS = 5;

/** Share of packets lost on the way to `to` or back; '' is something outside the cluster. */
export function lossOf(faults: readonly Broken[], from: string, to: string): number {
  return faults.reduce((all, fault) => Math.max(all, lossBy(fault, from, to)), 0);
}

function lossBy(fault: Broken, from: string, to: string): number {
  if (fault.kind === 'loss' && (fault.node === from || fault.node === to)) return fault.share;
  if (fault.kind === 'path_loss' && isPath(fault, from, to, true)) return fault.share;
  return 0;
}

/** Median latency of a check in seconds; `to` is a node or a component. */
export function latencyOf(
  faults: readonly Broken[],
  from: string,
  to: string,
  random: Random,
): number {
  const usual = to.startsWith('node-')
    ? random.between(0.0006, 0.0025)
    : random.between(0.004, 0.012);
  const lost = lossOf(faults, from, to);
  return faults.reduce((sum, fault) => sum + delayBy(fault, from, to), usual * (1 + 3 * lost));
}

function delayBy(fault: Broken, from: string, to: string): number {
  switch (fault.kind) {
    case 'slow': {
      const isFrom = fault.node === from && fault.direction !== 'to';
      const isTo = fault.node === to && fault.direction !== 'from';
      return isFrom || isTo ? 0.08 : 0;
    }
    case 'path_slow':
      return isPath(fault, from, to, true) ? 0.08 : 0;
    case 'component_slow':
      return fault.component === to && fault.nodes.has(from) ? 0.6 : 0;
    case 'name_server':
      return delayByNameServer(fault, from, to);
    case 'starved':
      return fault.node === from || fault.node === to ? 0.05 : 0;
    default:
      return 0;
  }
}

function delayByNameServer(
  { server, overTcpOnly, nodes }: Extract<Broken, { kind: 'name_server' }>,
  from: string,
  to: string,
): number {
  const isFirst = server === NAME_SERVERS[0] && !overTcpOnly;
  return isFirst && NAMED.has(to) && nodes.has(from) ? LOOK_UP_SECONDS : 0;
}
