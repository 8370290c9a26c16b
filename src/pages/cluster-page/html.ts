import { printable } from '../../printable.ts';

/** Characters of one text that are shown: names and errors come from the network. */
const MAX_TEXT = 2_000;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Markup that is safe to send: made by `html` or `trusted`. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** What a template may hold: everything that is not `Html` is escaped; false and undefined are left out. */
export type Content = Html | string | number | false | undefined | readonly Content[];

/** Markup in which every value is escaped, in text and in quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, value] of values.entries()) markup += render(value) + strings[index + 1];
  return new Html(markup);
}

/** Markup of constants and numbers as it is; never of a text that was read. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** What `printable()` leaves, and without markup. */
export function escapeText(text: string): string {
  return printable(text, MAX_TEXT).replace(/[&<>"']/g, (each) => ENTITIES[each] ?? '');
}

/** The link that chooses a node. A query alone keeps the path, whatever a proxy has put before it. */
export function nodeLink(node: string): string {
  return `?node=${encodeURIComponent(node.toWellFormed())}#node`;
}

function render(value: Content): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(render).join('');
  return value === false || value === undefined ? '' : escapeText(String(value));
}
