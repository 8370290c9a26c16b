import { mapSteps, type Steps } from '../../verdict/steps.ts';
import { count } from '../../verdict/words.ts';
import { cells, titleRoom, WITH_CELLS, WITH_LATENCY } from './cells.ts';
import { type Content, type Html, html, nodeLink, trusted } from './html.ts';
import type { NodeOverview, Overview } from './overview.ts';
import { shortNames } from './short-names.ts';
import { badge, symbol } from './states.ts';

/** Who reaches whom, a cell for each pair of nodes: rows check, columns are checked. */
export function* matrix(overview: Overview): Steps<Html> {
  const { nodes, zones } = overview;
  const size =
    nodes.length <= WITH_LATENCY ? 'wide' : nodes.length <= WITH_CELLS / 2 ? 'mid' : 'dense';
  const short = shortNames(nodes.map(({ name }) => name));
  const columns = new Map(nodes.map(({ name }, index) => [name, index]));
  const isZoned = zones.some(([zone]) => zone !== '');
  const room = titleRoom();
  const bodies: Html[] = [];
  for (const [zone, members] of zones) {
    const rows = yield* mapSteps(
      members,
      (
        node,
      ) => html`<tr>${rowHead(node, short, size === 'wide' || node.state !== 'ok')}${cells(overview, node, columns, room)}</tr>
`,
    );
    bodies.push(html`<tbody>${isZoned && html`<tr class="zone"><th scope="rowgroup" colspan="${nodes.length + 1}">${zoneTitle(zone)} <span class="note">${count(members.length, 'node')}</span></th></tr>`}
${rows}</tbody>`);
  }
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Matrix of the checks between nodes">
<table class="matrix ${size}"><caption class="sr">Each row is a node that checks, each column a node that is checked. An empty cell is not checked.</caption>
<colgroup><col></colgroup>${zones.map(([, members]) => html`<colgroup span="${members.length}"></colgroup>`)}
<thead>${isZoned && html`<tr><td>${zones.map(([zone, members]) => html`<th scope="colgroup" colspan="${members.length}">${zoneTitle(zone)}</th>`)}</tr>`}
<tr><td class="corner">checks <span aria-hidden="true">${'↓'} </span>is checked<span aria-hidden="true"> ${'→'}</span></td>${nodes.map((node) => columnHead(node, short))}</tr></thead>
${bodies}</table></div>
${LEGEND}`;
}

function zoneTitle(zone: string): string {
  return zone === '' ? 'no zone' : `zone ${zone}`;
}

function columnHead({ name, state }: NodeOverview, short: (name: string) => string): Html {
  return html`<th scope="col" class="node ${state}"><span title="${name}">${mark(state)}${short(name)}</span></th>`;
}

/** `isStop`: whether the Tab key stops here; in a large matrix, only at nodes that are not ok. */
function rowHead(
  { name, state }: NodeOverview,
  short: (name: string) => string,
  isStop: boolean,
): Html {
  return html`<th scope="row" class="node ${state}"><a href="${nodeLink(name)}"${!isStop && trusted(' tabindex="-1"')} title="${name}">${mark(state)}${short(name)}</a></th>`;
}

/** Only nodes that are not ok have a symbol beside their name. */
function mark(state: NodeOverview['state']): Content {
  return state !== 'ok' && html`<span aria-hidden="true">${symbol(state)} </span>`;
}

/** What the symbols mean. */
export const LEGEND: Html = html`<ul class="legend" aria-label="Legend"><li>${badge('ok')} ok</li><li>${badge('warn')} slow or loses packets</li><li>${badge('once')} failed once</li><li>${badge('fail')} fails</li><li>${badge('unknown')} no result</li>${trusted('<li><span class="badge blank" aria-hidden="true"></span> not checked</li>')}</ul>`;
