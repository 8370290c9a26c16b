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

/** One small tile for each node, by zone; the style has its symbol. A tooltip, which is the link’s name, says it in words. */
export function nodeTiles({ zones }: Overview): Html {
  return html`<h3>Every node</h3>${zones.map(
    ([
      zone,
      nodes,
    ]) => html`<h4>${zone === '' ? 'No zone' : `Zone ${zone}`} <span class="note">${count(nodes.length, 'node')}${counts(nodes)}</span></h4>
<p class="nodes">${nodes.map(tile)}</p>`,
  )}`;
}

function tile({ name, state }: NodeOverview): Html {
  return html`<a class="${state}" href="${nodeLink(name)}" title="${name}: ${WORDS[state]}"></a>
`;
}

function counts(nodes: readonly NodeOverview[]): Content {
  const bad = BY_URGENCY.filter((state) => state !== 'ok').map((state): Content => {
    const number = nodes.filter((node) => node.state === state).length;
    return number > 0 && html`, ${whole(number)} ${WORDS[state]}`;
  });
  return bad;
}
