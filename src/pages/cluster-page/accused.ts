import type { Finding, Kind, Subject } from '../../verdict/finding.ts';
import type { Steps } from '../../verdict/steps.ts';
import { BY_URGENCY, type State } from './states.ts';

/** The nodes that findings name, and how badly. A failure that another explains accuses no node. */
export function* accusedNodes(findings: readonly Finding[]): Steps<ReadonlyMap<string, State>> {
  const states = new Map<string, State>();
  for (const { severity, subject } of findings) {
    yield;
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

/** Kinds of findings about checks that succeed. */
const DOUBTFUL: ReadonlySet<Kind> = new Set<Kind>(['loss', 'mtu', 'slow', 'starved']);

/** Returns a test: whether a path whose check succeeds is part of a `DOUBTFUL` finding. */
export function doubtfulPaths(findings: readonly Finding[]): (from: string, to: string) => boolean {
  const doubtful = findings.filter(({ kind }) => DOUBTFUL.has(kind)).map(({ subject }) => subject);
  const [sources, targets] = [endsOf(doubtful, 'to'), endsOf(doubtful, 'from')];
  const paths = new Set(doubtful.flatMap(namesOf));
  return (from, to) =>
    sources.has(from) || targets.has(to) || (paths.size > 0 && paths.has(nameOf(from, to)));
}

/** The nodes among the subjects, except those affected only in the other direction. */
function endsOf(subjects: readonly Subject[], other: 'from' | 'to'): ReadonlySet<string> {
  const ends = subjects.flatMap((subject) =>
    subject.type === 'node' && subject.direction !== other ? [subject.node] : [],
  );
  return new Set(ends);
}

function namesOf(subject: Subject): string[] {
  if (subject.type !== 'path') return [];
  const { from, to, bothWays } = subject;
  return [nameOf(from, to), ...(bothWays ? [nameOf(to, from)] : [])];
}

function nameOf(from: string, to: string): string {
  return `${from}\n${to}`;
}
