import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VARIABLES, type Variable } from '../src/config/variables.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the README lists the variables as the program has them', () => {
  const rows = Object.entries<Variable>(VARIABLES).map(([name, variable]) => {
    const fallback = variable.default === undefined ? '' : `\`${variable.default}\``;
    const description = variable.description.replaceAll(/[|<]/g, '\\$&');
    return `| \`${name}\` | ${fallback} | ${description} |`;
  });
  const table = README.slice(README.indexOf('| variable | default |'));
  expect(table.split('\n').slice(2, 2 + rows.length + 1)).toEqual([...rows, '']);
});

test('the README shows the exporter that the contract test runs', () => {
  const path = new URL('exporters/my-exporter.mjs', import.meta.url);
  expect(README).toContain(`\`\`\`js\n${readFileSync(path, 'utf8')}\`\`\``);
});
