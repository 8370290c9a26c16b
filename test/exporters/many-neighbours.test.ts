import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** It takes 2 s, all of them CPU time, for which others may compete. */
const LIMIT_MS = 200_000;

const SCRIPT = join(import.meta.dirname, 'many-neighbours.ts');

test.each(['scraped', 'unscraped'])(
  'upstream fault: series of neighbours that are gone stay for ever: %s',
  async (how) => {
    const args = ['--expose-gc', SCRIPT, how];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LIMIT_MS });
    const { types, growth } = JSON.parse(stdout);
    expect(types).toEqual(Array.from({ length: 20 }, (_, i) => `path_node-${5_980 + i}`));
    // A series takes more than 100 bytes, and 3,000 neighbours have 25 each.
    expect(growth).toBeLessThan(500_000);
  },
  LIMIT_MS + 10_000,
);
