import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const listed = (folder: string, extension: string) =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}${name}`);

const PAGES = ['README.md', ...listed('docs/', '.md')];
const SOURCE = [...listed('src/', '.ts'), ...listed('exporters/', '.ts')].map(read).join('\n');

/** What Node, OpenSSL or another program prints, and names that are no text of the program. */
const OF_OTHERS =
  /^(npm|npx|kubectl|helm|docker|openssl|curl|git|node|ip|break|heal|nstat|ss|mpstat)\b/;

/** The texts that a page says the program prints: log messages in JSON, and errors with their code in parentheses. */
function quotedIn(page: string): string[] {
  const messages = [...page.matchAll(/"msg":"([^"]*)"/g)].map(([, text = '']) => text);
  const errors = [...page.matchAll(/`([^`\n]+) \(E[A-Z]+\)`/g)].map(([, text = '']) => text);
  const limits = [...page.matchAll(/`(no answer within) \d+ s`/g)].map(([, text = '']) => text);
  return [...messages, ...errors, ...limits].filter((text) => !OF_OTHERS.test(text));
}

const QUOTED = PAGES.flatMap((page) => quotedIn(read(page)).map((text) => [page, text] as const));

test('the pages quote what the program prints', () => {
  expect(QUOTED.length).toBeGreaterThan(4);
  // Before the text there may be what was attempted: "looking up host: no such name".
  const isPrinted = (text: string) => SOURCE.includes(text.split(': ').at(-1) ?? text);
  expect(QUOTED.filter(([, text]) => !isPrinted(text))).toEqual([]);
});
