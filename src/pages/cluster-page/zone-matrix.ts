import { quantile } from '../../verdict/quantile.ts';
import { groupSteps, mapSteps, SOME, type Steps } from '../../verdict/steps.ts';
import { count, latency, outOf, whole } from '../../verdict/words.ts';
import { type Html, html } from './html.ts';
import { type NodeOverview, type Overview, ownSuspects, type Path } from './overview.ts';
import { badge, type State } from './states.ts';

/** Maximum zones to show: a cluster has a handful. */
const MAX_ZONES = 15;

/** From this share of failing paths on, the paths between two zones fail as a whole. */
const MOST = 0.5;

/** Who reaches whom, zone by zone: rows check, columns are checked. */
export function* zoneMatrix({ nodes, zones, byName }: Overview): Steps<Html> {
  const shown = zones.slice(0, MAX_ZONES).map(([zone]) => zone);
  const pair = ({ from, to }: Path) => `${byName.get(from)?.zone}\n${byName.get(to)?.zone}`;
  const paths = yield* groupSteps(
    nodes.flatMap(({ from }) => from),
    pair,
  );
  const failingOf = (node: NodeOverview) => ownSuspects(node).filter(isFailing);
  const failing = yield* mapSteps(nodes, failingOf, SOME);
  const suspects = yield* groupSteps(failing.flat(), pair);
  const title = (zone: string) => (zone === '' ? 'no zone' : `zone ${zone}`);
  const rows = yield* mapSteps(
    shown,
    (
      from,
    ) => html`<tr><th scope="row">${title(from)}</th>${shown.map((to) => cell(paths.get(`${from}\n${to}`) ?? [], suspects.get(`${from}\n${to}`)?.length ?? 0))}</tr>
`,
  );
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Matrix of the checks between zones">
<table class="matrix wide zones"><caption class="sr">Each row is a zone whose nodes check, each column a zone whose nodes are checked.</caption>
<thead><tr><td class="corner">checks <span aria-hidden="true">${'↓'} </span>is checked<span aria-hidden="true"> ${'→'}</span></td>${shown.map((zone) => html`<th scope="col">${title(zone)}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>${zones.length > MAX_ZONES && html`<p class="hint">The first ${MAX_ZONES} of ${zones.length} zones.</p>`}`;
}

function isFailing({ state }: Path): boolean {
  return state === 'fail';
}

/** The words after the share of failing paths. `isMore`: whether some of these fail, too. */
function failingSuspects(suspects: number, isMore: boolean): string {
  if (isMore) return `, and ${count(suspects, 'suspect')}`;
  return `, ${count(suspects, 'suspect')} ${suspects === 1 ? 'fails' : 'fail'}`;
}

/** `suspects`: how many fail. No share counts them: those that work are not checked for long. */
function cell(paths: readonly Path[], suspects: number): Html {
  if (paths.length + suspects === 0) return html`<td></td>`;
  const failing = paths.filter(isFailing).length;
  const isWell = failing + suspects === 0;
  const state: State = isWell ? 'ok' : failing / paths.length >= MOST ? 'fail' : 'warn';
  const rtts = paths.flatMap(({ check }) => check.lastMinute.rttSeconds ?? []);
  return html`<td class="${state}">${badge(state)} ${failing === 0 ? `${whole(paths.length)} ok` : `${outOf(failing, paths.length)} fail`}${suspects > 0 && failingSuspects(suspects, failing > 0)}<br><span class="note">${rtts.length > 0 && latency(quantile(rtts, 0.5))}</span></td>`;
}
