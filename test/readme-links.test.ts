import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const PAGES = globSync('{*.md,{docs,deploy,otel-collector}/**/*.md}', { cwd: ROOT });

/** The anchors of a page's headings, as GitHub generates them. */
function anchorsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** The links of a page whose file or heading does not exist. */
function brokenLinks(page: string): string[] {
  const path = join(ROOT, page);
  const links = readFileSync(path, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g);
  return [...links]
    .filter(([, file = '', anchor = '']) => {
      const target = file === '' ? path : join(dirname(path), file);
      return !existsSync(target) || (anchor !== '' && !anchorsOf(target).includes(anchor));
    })
    .map(([link]) => link);
}

test('every link in the documents leads to a file, and to a heading in it', () => {
  expect(PAGES.length).toBeGreaterThan(30);
  const broken = PAGES.map((page) => [page, brokenLinks(page)] as const);
  expect(broken.filter(([, links]) => links.length > 0)).toEqual([]);
});
