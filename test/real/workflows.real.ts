import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../lab/support/command.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';

const WORKFLOWS = join(import.meta.dirname, '../../.github/workflows');

describe.skipIf(missingTools(['actionlint']).length > 0)('actionlint', () => {
  test.each(['ci', 'release'])('finds no mistake in the workflow %s', async (name) => {
    const output = await run([tool('actionlint'), join(WORKFLOWS, `${name}.yml`)]);
    expect(output).toBe('');
  });
});
