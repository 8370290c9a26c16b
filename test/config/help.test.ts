import { expect, test } from 'vitest';
import { help } from '../../src/config/help.ts';
import { VARIABLES } from '../../src/config/variables.ts';

const lines = [...help().split('\n'), ''];

test.each(Object.entries<{ default?: string; description: string }>(VARIABLES))(
  'help() names %s, what it is and its default',
  (name, variable) => {
    const start = lines.indexOf(`  ${name}`);
    const end = lines.findIndex((line, index) => index > start && !line.startsWith('      '));
    const text = lines
      .slice(start + 1, end)
      .map((line) => line.trim())
      .join(' ');
    expect(text).toBe(
      variable.default === undefined
        ? variable.description
        : `${variable.description} (default ${variable.default})`,
    );
  },
);

test('help() stays within 100 columns and uses some of them', () => {
  const longest = Math.max(...lines.map((line) => line.length));
  expect(longest).toBeLessThanOrEqual(100);
  expect(longest).toBeGreaterThan(70);
});
