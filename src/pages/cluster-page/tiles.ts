import type { Observation } from '../../verdict/evidence.ts';
import type { Finding } from '../../verdict/finding.ts';
import { quantile } from '../../verdict/quantile.ts';
import { append, mapSteps, SOME, type Steps } from '../../verdict/steps.ts';
import { count, latency, outOf, whole } from '../../verdict/words.ts';
import { type Content, type Html, html, nodeLink } from './html.ts';
import type { Overview } from './overview.ts';
import { badge, type State } from './states.ts';
import { age } from './times.ts';

const TILES = [
  ['api_server_direct', 'API server'],
  ['api_server_dns', 'API server by name'],
  ['dns', 'DNS'],
  ['me_ingress', 'Ingress'],
  ['me_service', 'Service'],
] as const;

/** Maximum tiles of extra checks. */
const MAX_EXTRA = 15;

/**
 * Share of nodes on which a component may fail without a finding that explains it: two failures in
 * a row happen by chance.
 */
const CHANCE = 0.05;

/** What a node sees of one component. */
type Seen = Readonly<{
  node: string;
  up: boolean | undefined;
  since: number | null;
  seconds?: number;
}>;

type Counts = Readonly<{ all: readonly Seen[]; failing: readonly Seen[] }>;

/** A tile for each component: on how many nodes it works and how fast, or since when it fails. */
export function* componentTiles(overview: Overview): Steps<Html> {
  const { components } = overview.evidence;
  const extra = [...components.keys()].filter((type) => !TILES.some(([known]) => known === type));
  const titles = [...TILES, ...extra.slice(0, MAX_EXTRA).map((type) => [type, type] as const)];
  const dns = yield* dnsSeen(components);
  const tiles = yield* mapSteps(titles, ([type, title]) => {
    const all = type === 'dns' ? dns : (components.get(type) ?? []).map(seenOf);
    return tile(overview, type, title, all);
  });
  return html`<section aria-labelledby="components"><h2 id="components">Components</h2>
<ul class="tiles">${tiles}</ul></section>`;
}

function tile(overview: Overview, type: string, title: string, all: readonly Seen[]): Html {
  const counts = { all, failing: all.filter(({ up }) => up === false) };
  const state = stateOfTile(overview, type, counts);
  return html`<li class="tile ${state}"><h3>${badge(state)} ${title}</h3>
<p class="what">${what(state, counts)}</p>
<p class="note">${note(overview, type, counts)}</p></li>
`;
}

function seenOf({ node, up, since, check: { lastMinute } }: Observation): Seen {
  const { medianSeconds } = lastMinute;
  return { node, up, since, ...(medianSeconds === null ? {} : { seconds: medianSeconds }) };
}

/** DNS fails on a node if a check cannot resolve its target's name. */
function* dnsSeen(components: Overview['evidence']['components']): Steps<Seen[]> {
  const byNode = new Map<string, Observation[]>();
  for (const all of components.values()) {
    yield;
    for (const each of all) if (each.check.byName) append(byNode, each.node, each);
  }
  const seenOn = ([node, checks]: [string, Observation[]]): Seen => {
    const failing = checks.filter(({ up, check }) => up === false && check.cause === 'dns');
    const since = failing.flatMap((each) => each.since ?? []);
    return {
      node,
      up: failing.length === 0,
      since: since.length > 0 ? Math.min(...since) : null,
    };
  };
  return yield* mapSteps(byNode, seenOn, SOME);
}

/**
 * A component fails if a finding reports it. Failures that another finding explains are a warning;
 * unexplained ones on few nodes are chance.
 */
function stateOfTile({ findings }: Overview, type: string, { all, failing }: Counts): State {
  if (all.length === 0) return 'off';
  const severities = findings.filter((finding) => isAbout(finding, type)).map((f) => f.severity);
  if (severities.includes('critical')) return 'fail';
  if (severities.length > 0) return 'warn';
  const isChance =
    failing.length <= CHANCE * all.length && explanation(findings, type, failing) === undefined;
  return isChance ? 'ok' : 'warn';
}

function isAbout({ subject }: Finding, type: string): boolean {
  return subject.type === 'component' && subject.component === type;
}

function what(state: State, { all, failing }: Counts): string {
  if (state === 'off') return 'not checked';
  if (failing.length === 0)
    return all.length === 1 ? 'ok on 1 node' : `ok on all ${whole(all.length)} nodes`;
  if (state === 'ok') return `ok on ${outOf(all.length - failing.length, all.length, 'node')}`;
  return failing.length === all.length
    ? `fails on ${count(all.length, 'node')}`
    : `fails on ${outOf(failing.length, all.length, 'node')}`;
}

function note({ findings, view }: Overview, type: string, { all, failing }: Counts): Content {
  const [first] = failing;
  if (first === undefined) {
    const isSlow = findings.some((finding) => isAbout(finding, type) && finding.kind === 'slow');
    return [isSlow && 'slow: ', speed(all)];
  }
  const explaining = explanation(findings, type, failing);
  const since = failing.flatMap((each) => each.since ?? []);
  return [
    explaining !== undefined && ['explained by ', nameOf(explaining, findings), ', '],
    failing.length === 1 &&
      !isAboutNode(explaining, first.node) &&
      html`<a href="${nodeLink(first.node)}">${first.node}</a> `,
    since.length > 0 && html`for ${age(view.now - since.reduce((a, b) => Math.min(a, b)))}`,
  ];
}

/** The finding that explains these failures of a component that is not at fault itself. */
function explanation(
  findings: readonly Finding[],
  type: string,
  failing: readonly Seen[],
): Finding | undefined {
  if (findings.some((finding) => isAbout(finding, type))) return undefined;
  const nodes = new Set(failing.map(({ node }) => node));
  return findings.find((finding) =>
    type === 'dns'
      ? finding.cause === 'dns' || explainsLookUps(finding, nodes)
      : finding.victims.some((victim) => victim.type === type),
  );
}

/** Whether a fault outside components makes checks of components fail on one of these nodes. */
function explainsLookUps({ subject, victims }: Finding, nodes: ReadonlySet<string>): boolean {
  const isComponent = (type: string) => TILES.some(([known]) => known === type);
  return (
    subject.type !== 'component' &&
    victims.some((victim) => nodes.has(victim.node) && isComponent(victim.type))
  );
}

function isAboutNode(finding: Finding | undefined, node: string): boolean {
  return finding?.subject.type === 'node' && finding.subject.node === node;
}

/** The number of a finding if there are several, and the node or component that it is about. */
function nameOf(finding: Finding, findings: readonly Finding[]): Content {
  const number = findings.length === 1 ? 'the finding' : `finding ${findings.indexOf(finding) + 1}`;
  const { subject } = finding;
  if (subject.type === 'node') {
    return [number, html` (<a href="${nodeLink(subject.node)}">${subject.node}</a>)`];
  }
  if (subject.type !== 'component') return number;
  const [, title] = TILES.find(([type]) => type === subject.component) ?? [];
  return `${number} (${title ?? subject.component})`;
}

function speed(seen: readonly Seen[]): Content {
  const seconds = seen.flatMap((each) => each.seconds ?? []);
  if (seconds.length === 0) return undefined;
  const slowest = latency(seconds.reduce((a, b) => Math.max(a, b)));
  return `median ${latency(quantile(seconds, 0.5))}, slowest node ${slowest}`;
}
