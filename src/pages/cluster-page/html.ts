import { printable } from '../../printable.ts';

/** Maximum characters to show of one text: names and errors come from the network. */
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

/** What a template may contain: all but `Html` is escaped; false and undefined are omitted. */
export type Content = Html | string | number | false | undefined | readonly Content[];

/** Markup in which every value is escaped, in text and in quoted attributes alike. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, value] of values.entries()) markup += render(value) + strings[index + 1];
  return new Html(markup);
}

/** Marks markup as safe. Only for constants and numbers, never for text that was read. */
export function trusted(markup: string): Html {
  return new Html(markup);
}

/** Makes a text printable and escapes its markup. */
export function escapeText(text: string): string {
  return printable(text, MAX_TEXT).replace(/[&<>"']/g, (each) => ENTITIES[each] ?? '');
}

/** The link that selects a node. A bare query keeps the path, whatever prefix a proxy has added. */
export function nodeLink(node: string): string {
  return `?node=${encodeURIComponent(node.toWellFormed())}#node`;
}

function render(value: Content): string {
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(render).join('');
  return value === false || value === undefined ? '' : escapeText(String(value));
}
