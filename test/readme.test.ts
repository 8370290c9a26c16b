import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VARIABLES, type Variable } from '../src/config/variables.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the README lists the variables as the program has them', () => {
  const rows = Object.entries<Variable>(VARIABLES).map(([name, variable]) => {
    const fallback = variable.default === undefined ? '' : `\`${variable.default}\``;
    return `| \`${name}\` | ${fallback} | ${variable.description} |`;
  });
  const table = README.slice(README.indexOf('| variable | default |'));
  expect(table.split('\n').slice(2, 2 + rows.length + 1)).toEqual([...rows, '']);
});
