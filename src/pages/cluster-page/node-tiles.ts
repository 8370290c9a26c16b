import { mapSteps, SOME, type Steps } from '../../verdict/steps.ts';
import { count, whole } from '../../verdict/words.ts';
import { type Content, type Html, html, nodeLink } from './html.ts';
import type { NodeOverview, Overview } from './overview.ts';
import { BY_URGENCY, type State } from './states.ts';

/** States in words, after a node's name. */
const WORDS: Readonly<Record<State, string>> = {
  ok: 'ok',
  warn: 'warning',
  once: 'failed once',
  fail: 'at fault',
  unknown: 'no report',
  off: 'not checked',
};

/**
 * One small tile for each node, in a list for each zone; the style adds its symbol. A tooltip,
 * which is the link's name, has the state in words. Tiles are not tab stops, as there may be
 * thousands: keyboard users reach a node through the search field.
 */
export function* nodeTiles({ zones }: Overview): Steps<Html> {
  const lists: Html[] = [];
  for (const [index, [zone, nodes]] of zones.entries()) {
    const tiles = yield* mapSteps(nodes, tile, SOME);
    lists.push(html`<h4 id="zone-${index}">${zone === '' ? 'No zone' : `Zone ${zone}`} <span class="note">${count(nodes.length, 'node')}${counts(nodes)}</span></h4>
<ul class="nodes" aria-labelledby="zone-${index}">${tiles}</ul>`);
    yield;
  }
  return html`<h3>Every node</h3>${lists}`;
}

function tile({ name, state }: NodeOverview): Html {
  return html`<li><a class="${state}" href="${nodeLink(name)}" tabindex="-1" title="${name}: ${WORDS[state]}"></a>
`;
}

function counts(nodes: readonly NodeOverview[]): Content {
  const bad = BY_URGENCY.filter((state) => state !== 'ok').map((state): Content => {
    const number = nodes.filter((node) => node.state === state).length;
    return number > 0 && html`, ${whole(number)} ${WORDS[state]}`;
  });
  return bad;
}
