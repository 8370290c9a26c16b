import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VARIABLES, type Variable } from '../src/config/variables.ts';

const DOCS = new URL('../docs/', import.meta.url);

test('docs/settings.md lists the variables as the program defines them', () => {
  const page = readFileSync(new URL('settings.md', DOCS), 'utf8');
  const rows = Object.entries<Variable>(VARIABLES).map(([name, variable]) => {
    const fallback = variable.default === undefined ? '' : `\`${variable.default}\``;
    const description = variable.description.replaceAll(/[|<]/g, '\\$&');
    return `| \`${name}\` | ${fallback} | ${description} |`;
  });
  const table = page.slice(page.indexOf('| variable | default |'));
  expect(table.split('\n').slice(2, 2 + rows.length + 1)).toEqual([...rows, '']);
});

test('docs/exporters.md shows the exporter that the contract test runs', () => {
  const page = readFileSync(new URL('exporters.md', DOCS), 'utf8');
  const path = new URL('exporters/my-exporter.mjs', import.meta.url);
  expect(page).toContain(`\`\`\`js\n${readFileSync(path, 'utf8')}\`\`\``);
});
