import { type Cluster, followsNeighbours } from '../../cluster/model.ts';
import type { Finding } from '../../verdict/finding.ts';
import type { Steps } from '../../verdict/steps.ts';
import { count, whole } from '../../verdict/words.ts';
import { WITH_CELLS, WITH_LATENCY } from './cells.ts';
import { certificates } from './certificates.ts';
import { type Content, type Html, html, trusted } from './html.ts';
import { LEGEND, matrix } from './matrix.ts';
import { nodeDetail } from './node-detail.ts';
import { nodeTiles } from './node-tiles.ts';
import { type Overview, overviewSteps } from './overview.ts';
import { SCRIPT } from './script.ts';
import { BY_URGENCY, type State } from './states.ts';
import { STYLE } from './style.ts';
import { componentTiles } from './tiles.ts';
import { timeline } from './timeline.ts';
import { age, time } from './times.ts';
import { STATES, verdictPart } from './verdict-part.ts';
import { worstNodes } from './worst.ts';
import { zoneMatrix } from './zone-matrix.ts';

/** Seconds between refreshes, up to 100 nodes and above: each may fetch a report from every pod. */
const REFRESH = { few: 10, many: 30 };

/** What one viewer requests: a node, and when. */
export type Viewed = Readonly<{ node?: string | undefined; now: number }>;

/** What is the same for all viewers of one collection. */
export type Parts = Readonly<{ overview: Overview; above: Html; below: Html }>;

/**
 * Renders these parts, which takes long in a large cluster. `runbooks`: the URL of the runbooks'
 * folder.
 */
export function* partsSteps({ view, findings }: Cluster, runbooks: string): Steps<Parts> {
  const overview = yield* overviewSteps(view, findings);
  const above = yield* verdictPart(overview, runbooks);
  const paths =
    overview.nodes.length <= WITH_CELLS
      ? yield* matrix(overview)
      : html`${yield* zoneMatrix(overview)}${LEGEND}${yield* worstNodes(overview)}${yield* nodeTiles(overview)}`;
  const components = yield* componentTiles(overview);
  const hour = yield* timeline(overview);
  return {
    overview,
    above,
    below: html`${certificates(overview.view, runbooks)}${components}
<section aria-labelledby="paths"><h2 id="paths">Between nodes</h2>
<p class="hint">Rows check, columns are checked.${overview.nodes.length <= WITH_LATENCY && ' Times are the kernel’s round trip.'} Select a node to see which nodes check it, and what it checks.</p>
${paths}</section>
${hour}`,
  };
}

/** The page for one viewer. */
export function documentOf({ overview, above, below }: Parts, { node, now }: Viewed): string {
  const { findings, nodes } = overview;
  const refresh = nodes.length > WITH_CELLS ? REFRESH.many : REFRESH.few;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${titleOf(overview)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
${icon(stateOf(findings))}
<style>${trusted(STYLE)}</style></head><body>
<a class="skip" href="#content">Skip to the verdict</a>
<header><strong>kubenurse</strong><form role="search" action="?#node"><label>Node <input name="node" type="search" required autocomplete="off" spellcheck="false"></label> <button>Find</button></form><button id="pause" type="button" aria-pressed="false" hidden>Pause</button></header>
<p id="stale" role="alert" hidden>This pod does not respond: the data below is old.</p>
<p id="live" class="sr" role="status"></p>
<main id="content" tabindex="-1" data-refresh="${refresh}">
<h1>${facts(overview, now)}</h1>
${above}
${node !== undefined && nodeDetail(overview, node)}
${below}
</main>
<footer>As text: <a href="cluster.txt">cluster.txt</a>. As JSON, with all reports: <a href="cluster.json">cluster.json</a>. Times are UTC.</footer>
<script>${trusted(SCRIPT)}</script>
</body></html>
`.markup;
}

/** How many nodes and reports there are, and how old they are. */
function facts({ view, nodes, zones, evidence }: Overview, now: number): Content {
  const named = zones.filter(([zone]) => zone !== '').length;
  const { collector, podListAt } = view;
  return html`<b>${count(nodes.length, 'node')}</b>${named > 0 && html` in <b>${count(named, 'zone')}</b>`}, ${whole(evidence.reports.size)} reported to ${collector.pod} on ${collector.node} at <b>${time(view.now, now)}</b>, ${age(now - view.now)} ago. ${podListAt === null ? 'No pod list.' : html`Pod list ${age(now - podListAt)} old.`}`;
}

function titleOf({ findings, view }: Overview): string {
  const [first] = findings;
  if (first !== undefined) return first.headline;
  return followsNeighbours(view) ? 'Everything works' : 'Everything works from this pod';
}

/** The state of the worst finding. */
function stateOf(findings: readonly Finding[]): State {
  const states = findings.map(({ severity }) => STATES[severity]);
  return BY_URGENCY.find((state) => states.includes(state)) ?? 'ok';
}

const ICONS: Readonly<Record<State, string>> = {
  ok: '<circle cx="8" cy="8" r="7" fill="#1a7f4b"/><path d="M4 8l3 3 5-6" fill="none" stroke="#fff" stroke-width="2"/>',
  fail: '<rect width="16" height="16" rx="3" fill="#c62a31"/><path d="M4 4l8 8M12 4l-8 8" stroke="#fff" stroke-width="2"/>',
  warn: '<path d="M8 1l8 14H0z" fill="#d98e04"/>',
  once: '',
  unknown: '<circle cx="8" cy="8" r="7" fill="#566069"/>',
  off: '',
};

/** The icon that shows the state in the browser's tab. */
function icon(state: State): Html {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${ICONS[state]}</svg>`;
  return html`<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(svg)}">`;
}
