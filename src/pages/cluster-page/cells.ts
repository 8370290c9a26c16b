import { latency } from '../../verdict/words.ts';
import { type Content, html } from './html.ts';
import { type NodeOverview, type Overview, ownSuspects, type Path } from './overview.ts';
import { symbol } from './states.ts';

/** Up to this many nodes, a cell shows the round-trip time. */
export const WITH_LATENCY = 15;

/** Up to this many nodes, each pair has a cell. */
export const WITH_CELLS = 100;

/**
 * Maximum characters in the titles of all squares: the texts of 3,000 failures. Beyond that, a
 * title has only the cause: false reports could make a page of 18 MB.
 */
const MAX_TITLES = 200_000;

/** How many more characters the titles of a matrix may have. */
export type TitleRoom = { left: number };

export function titleRoom(): TitleRoom {
  return { left: MAX_TITLES };
}

/** A row of the matrix: what one node sees of each other node. */
export function cells(
  overview: Overview,
  node: NodeOverview,
  columns: ReadonlyMap<string, number>,
  room: TitleRoom,
): Content[] {
  const { report, silent } = node;
  if (report === undefined) {
    return [
      html`<td class="silent" colspan="${columns.size}">no report${silent && html`: ${silent.text}`}`,
    ];
  }
  const row: Content[] = Array.from({ length: columns.size }, () => html`<td>`);
  const self = columns.get(node.name);
  if (self !== undefined) row[self] = html`<td class="self">`;
  const isWide = overview.nodes.length <= WITH_LATENCY;
  for (const path of [...node.from, ...ownSuspects(node)]) {
    const column = columns.get(path.to);
    if (column !== undefined) row[column] = isWide ? wideCell(path) : square(path, room);
  }
  return row;
}

/** A cell with the kernel's round-trip time, or the cause of the failure. */
function wideCell({ state, check }: Path): Content {
  const { rttSeconds } = check.lastMinute;
  const text = state === 'fail' || state === 'once' ? check.cause : rttText(rttSeconds);
  return html`<td class="${state}"${check.text !== null && html` title="${check.text}"`}>${symbol(state)} ${text ?? false}`;
}

function square({ state, check }: Path, room: TitleRoom): Content {
  // Most cells of a large matrix are ok: a class of two letters, and no title.
  if (state === 'ok') return html`<td class="ok">${'✓'}`;
  return html`<td class="${state}" title="${titleOf(check, room)}">${symbol(state)}`;
}

function titleOf({ text, cause }: Path['check'], room: TitleRoom): string {
  room.left -= text?.length ?? 0;
  return (room.left < 0 ? null : text) ?? cause ?? 'slow or loses packets';
}

/** The kernel's round-trip time; empty if it reported none. */
export function rttText(seconds: number | null): string {
  return seconds === null ? '' : latency(seconds);
}
