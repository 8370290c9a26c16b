import type { Finding, Subject } from '../../../src/verdict/finding.ts';
import { NAME_SERVERS } from './cluster.ts';
import { type Broken, connection } from './faults.ts';
import type { Case } from './look.ts';

type Of<K extends Broken['kind']> = Extract<Broken, { kind: K }>;

const COMPONENT_OF: Readonly<Record<string, string>> = {
  dns: 'dns',
  api: 'api_server_direct',
  api_by_name: 'api_server_dns',
  service: 'me_service',
  ingress: 'me_ingress',
  extra: 'shop',
};

const KIND_OF: Readonly<Record<string, Finding['kind']>> = {
  dns: 'dns',
  api: 'api_server',
  api_by_name: 'api_server_by_name',
  service: 'service',
  ingress: 'ingress',
  extra: 'extra',
  loss: 'loss',
  mtu: 'mtu',
  slow: 'slow',
  starved: 'starved',
  path: 'path',
  path_loss: 'loss',
  path_mtu: 'mtu',
  path_slow: 'slow',
  component_slow: 'slow',
};

/**
 * Whether the finding names the fault. If two faults meet in a cluster of five nodes or fewer,
 * paths and nodes cannot always be distinguished: naming the one for the other is enough there.
 */
export function names(each: Case, fault: Broken, finding: Finding): boolean {
  return namesExactly(each, fault, finding) || (meets(each) && namesEnds(fault, finding));
}

function meets({ cluster, faults }: Case): boolean {
  return cluster.nodes.length <= 5 && faults.length > 1;
}

function namesEnds(fault: Broken, { subject, kind }: Finding): boolean {
  if (kind !== KIND_OF[fault.kind]) return false;
  if ('from' in fault)
    return subject.type === 'node' && [fault.from, fault.to].includes(subject.node);
  if (!('node' in fault) || subject.type !== 'path') return false;
  return [subject.from, subject.to].includes(fault.node);
}

function namesExactly(each: Case, fault: Broken, finding: Finding): boolean {
  const { subject, kind } = finding;
  switch (fault.kind) {
    case 'gone':
      return (
        isNode(subject, fault.node) && kind === 'node_unreachable' && finding.cause === fault.cause
      );
    case 'deaf':
    case 'isolated':
      return isNode(subject, fault.node) && kind === 'node_unreachable';
    case 'mute':
      return isNode(subject, fault.node) && kind === 'node_reaches_nobody';
    case 'split':
      return namesSplit(each, fault, finding);
    case 'loss':
    case 'mtu':
    case 'slow':
    case 'starved':
      return isNode(subject, fault.node) && kind === KIND_OF[fault.kind];
    case 'path':
    case 'path_loss':
    case 'path_mtu':
    case 'path_slow':
      return kind === KIND_OF[fault.kind] && isPathOf(subject, fault);
    case 'name_server':
      return (
        (kind === 'name_server' && isComponent(each, finding, typeOf(fault), fault.nodes)) ||
        (kind === 'dns' && isWithoutNameServers(each, finding))
      );
    case 'component_slow':
      return kind === 'slow' && isComponent(each, finding, fault.component, fault.nodes);
    default:
      return (
        kind === KIND_OF[fault.kind] &&
        isComponent(each, finding, COMPONENT_OF[fault.kind] ?? '', fault.nodes)
      );
  }
}

function typeOf({ server, overTcpOnly }: Of<'name_server'>): string {
  return `${overTcpOnly ? 'dns_tcp_' : 'dns_'}${server}`;
}

/** Whether DNS is accused because no name server responds. */
function isWithoutNameServers(each: Case, { subject }: Finding): boolean {
  if (subject.type !== 'component' || subject.component !== 'dns') return false;
  const isSilent = (server: string, node: string) =>
    each.faults.some(
      (fault) =>
        fault.kind === 'name_server' &&
        fault.server === server &&
        !fault.overTcpOnly &&
        fault.nodes.has(node),
    );
  const nodes = [...scopeNodes(each, subject.scope)];
  return nodes.every((node) => NAME_SERVERS.every((server) => isSilent(server, node)));
}

function isNode(subject: Subject, node: string): boolean {
  return subject.type === 'node' && subject.node === node;
}

function isPathOf(subject: Subject, { from, to }: { from: string; to: string }): boolean {
  if (subject.type !== 'path') return false;
  const isSame = subject.from === from && subject.to === to;
  return isSame || (subject.from === to && subject.to === from);
}

function isComponent(
  each: Case,
  finding: Finding,
  name: string,
  broken: ReadonlySet<string>,
): boolean {
  const { subject } = finding;
  if (subject.type !== 'component' || subject.component !== name) return false;
  const scope = scopeNodes(each, subject.scope);
  const isHere = scope.size === 0 || [...scope].some((node) => broken.has(node));
  return isHere && ([...scope].every((node) => broken.has(node)) || isUnionOf(each, finding));
}

/** Faults that by themselves make a node's checks of components fail or slow. */
const HIDES = new Set<Broken['kind']>(['mute', 'isolated', 'mtu', 'slow', 'loss']);

/** The nodes of a scope that could be seen. */
export function scopeNodes(
  { cluster, faults, collector }: Case,
  scope: Extract<Subject, { type: 'component' }>['scope'],
): Set<string> {
  if (scope.in === 'nodes') return new Set(scope.nodes);
  const there = cluster.nodes.filter(
    ({ name, zone }) =>
      (scope.in === 'cluster' || scope.zones.includes(zone)) &&
      (name === collector || connection(faults, collector, name) === undefined) &&
      !faults.some((fault) => 'node' in fault && HIDES.has(fault.kind) && fault.node === name),
  );
  return new Set(there.map(({ name }) => name));
}

/**
 * By its sides or, if one is small, by its nodes: it then looks the same as nodes that are gone.
 */
function namesSplit(
  each: Case,
  { sides: [a, b], bothWays }: Of<'split'>,
  finding: Finding,
): boolean {
  const { subject, kind } = finding;
  const small = (side: ReadonlySet<string>, node: string) => side.size <= 2 && side.has(node);
  if (subject.type === 'node') {
    const isFar = small(b, subject.node) || (bothWays && small(a, subject.node));
    const isMute = small(a, subject.node);
    return (kind === 'node_unreachable' && isFar) || (kind === 'node_reaches_nobody' && isMute);
  }
  if (subject.type !== 'sides' || kind !== 'split') return false;
  const [near, far] = subject.sides.map(({ nodes }) => new Set(nodes)) as [
    Set<string>,
    Set<string>,
  ];
  // A node that is also gone looks the same as the other side.
  const gone = new Set(each.faults.flatMap((other) => ('node' in other ? [other.node] : [])));
  const isForth = near.isSubsetOf(a.union(gone)) && far.isSubsetOf(b.union(gone));
  const isBack = bothWays && near.isSubsetOf(b.union(gone)) && far.isSubsetOf(a.union(gone));
  const zones = new Set(
    each.cluster.nodes.filter(({ name }) => a.has(name)).map(({ zone }) => zone),
  );
  const others = new Set(
    each.cluster.nodes.filter(({ name }) => b.has(name)).map(({ zone }) => zone),
  );
  const byZones = !zones.has('') && zones.isDisjointFrom(others);
  const isNamed = !byZones || subject.sides.every((side) => side.zones.length > 0);
  return (isForth || isBack) && isNamed;
}

/**
 * Whether a part of the cluster is accused though the fault is in all of it, or a node though it is
 * in its whole zone.
 */
export function isTooNarrow({ faults }: Case, { subject }: Finding): boolean {
  if (subject.type !== 'component') return false;
  const { scope } = subject;
  return faults.some((fault) => {
    if (!('where' in fault)) return false;
    if (fault.where === 'cluster') return scope.in !== 'cluster';
    return fault.where === 'zone' && scope.in === 'nodes';
  });
}

/** Whether all that the finding accuses is broken, even if not in the way it claims. */
export function accusesNobodyHealthy(each: Case, finding: Finding): boolean {
  const { subject } = finding;
  const { faults, collector } = each;
  if (['cut_off', 'silent', 'mostly_silent', 'pod_list_stale'].includes(finding.kind)) return true;
  switch (subject.type) {
    case 'node':
      return faults.some((fault) => concerns(fault, subject.node)) || isEveryPath(each, finding);
    case 'path':
      return isBroken(each, subject.from, subject.to) || isBroken(each, subject.to, subject.from);
    case 'paths':
      return subject.paths.every(([from, to]) => isBroken(each, from, to));
    case 'sides': {
      const [here, there] = subject.sides;
      const isAcross = (from: string, to: string) => connection(faults, from, to) !== undefined;
      const sources = here.nodes.includes(collector) ? [collector] : here.nodes.slice(0, 3);
      return sources.every((from) => there.nodes.every((to) => isAcross(from, to)));
    }
    case 'component':
      return (
        faults.some((fault) => names(each, fault, finding)) ||
        isUnionOf(each, finding) ||
        isOnBrokenNodes(each, subject.scope)
      );
    default:
      return true;
  }
}

/**
 * Whether every path of the node, in one direction, is broken: two broken paths among three nodes
 * look the same as a broken node.
 */
function isEveryPath(each: Case, { subject }: Finding): boolean {
  if (subject.type !== 'node') return false;
  const { node } = subject;
  const others = each.cluster.nodes.map(({ name }) => name).filter((name) => name !== node);
  const isVisible = others.length <= 4;
  const from = others.every((other) => isBroken(each, node, other));
  return isVisible && (from || others.every((other) => isBroken(each, other, node)));
}

function concerns(fault: Broken, node: string): boolean {
  if ('node' in fault) return fault.node === node;
  return fault.kind === 'split' && fault.sides.some((side) => side.size <= 2 && side.has(node));
}

function isBroken({ faults }: Case, from: string, to: string): boolean {
  if (connection(faults, from, to) !== undefined) return true;
  return faults.some((fault) => {
    if (fault.kind === 'path_loss' || fault.kind === 'path_slow') {
      return isPathOf({ type: 'path', from, to, bothWays: false }, fault);
    }
    const isQuality = ['loss', 'slow', 'starved'].includes(fault.kind);
    return isQuality && 'node' in fault && [from, to].includes(fault.node);
  });
}

/**
 * Whether it fails only on nodes that reach nothing at all: that is true, but not the whole story.
 */
function isOnBrokenNodes(
  { faults }: Case,
  scope: Extract<Subject, { type: 'component' }>['scope'],
): boolean {
  const isMute = (node: string) =>
    faults.some(
      (fault) => (fault.kind === 'mute' || fault.kind === 'isolated') && fault.node === node,
    );
  return scope.in === 'nodes' && scope.nodes.every(isMute);
}

/** Whether the finding names two faults of one component together. */
function isUnionOf(each: Case, finding: Finding): boolean {
  const { subject, kind } = finding;
  if (subject.type !== 'component') return false;
  const broken = new Set(
    each.faults.flatMap((fault) => {
      const isOfComponent =
        fault.kind === 'component_slow'
          ? kind === 'slow' && fault.component === subject.component
          : (fault.kind === 'name_server' ? typeOf(fault) : COMPONENT_OF[fault.kind]) ===
            subject.component;
      return isOfComponent && 'nodes' in fault ? [...fault.nodes] : [];
    }),
  );
  return [...scopeNodes(each, subject.scope)].every((node) => broken.has(node));
}
