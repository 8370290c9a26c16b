import type { Finding, Subject } from '../../verdict/finding.ts';
import { BY_URGENCY, type State } from './states.ts';

/** Nodes that findings name, and how badly. A failure that another one explains accuses nobody. */
export function accusedNodes(findings: readonly Finding[]): ReadonlyMap<string, State> {
  const states = new Map<string, State>();
  for (const { severity, subject } of findings) {
    const state = severity === 'critical' ? 'fail' : severity === 'warning' ? 'warn' : 'unknown';
    for (const [node, each] of namedNodes(subject, state)) {
      const known = states.get(node);
      if (known === undefined || BY_URGENCY.indexOf(each) < BY_URGENCY.indexOf(known))
        states.set(node, each);
    }
  }
  return states;
}

/** The nodes of a subject; the ends of a path are not at fault themselves. */
function namedNodes(subject: Subject, state: State): (readonly [node: string, state: State])[] {
  const ends: State = state === 'unknown' ? state : 'warn';
  switch (subject.type) {
    case 'node':
      return [[subject.node, state]];
    case 'nodes':
      return subject.nodes.map((node) => [node, state] as const);
    case 'path':
      return [subject.from, subject.to].map((node) => [node, ends] as const);
    case 'paths':
      return subject.paths.flat().map((node) => [node, ends] as const);
    case 'sides':
      return subject.sides[1].nodes.map((node) => [node, state] as const);
    case 'component':
      if (subject.scope.in !== 'nodes') return [];
      return subject.scope.nodes.map((node) => [node, ends] as const);
    default:
      return [];
  }
}

/** Whether a check that succeeds is of a path that a finding says is slow or loses packets. */
export function doubtfulPaths(findings: readonly Finding[]): (from: string, to: string) => boolean {
  const subjects = findings
    .filter(({ kind }) => ['loss', 'mtu', 'slow', 'starved'].includes(kind))
    .map(({ subject }) => subject);
  return (from, to) => subjects.some((subject) => isOn(subject, from, to));
}

function isOn(subject: Subject, from: string, to: string): boolean {
  if (subject.type === 'node') {
    const { node, direction } = subject;
    return (node === from && direction !== 'to') || (node === to && direction !== 'from');
  }
  if (subject.type !== 'path') return false;
  const isSame = subject.from === from && subject.to === to;
  return isSame || (subject.bothWays && subject.from === to && subject.to === from);
}
