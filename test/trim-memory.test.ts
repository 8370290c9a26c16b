import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { trimMemory } from '../src/trim-memory.ts';
import { collectGarbage } from './support/garbage.ts';

/** In bytes: too small for glibc to request memory from the system for this block alone. */
const BLOCK = 50_000;

function anonymousMemory(): number {
  const [, kilobytes] = /^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

test('trimMemory() returns memory to the system that was freed below a block in use', async () => {
  let blocks = Array.from({ length: 1_000 }, () => Buffer.alloc(BLOCK, 'x'));
  blocks = blocks.filter((_, at) => at % 20 === 19);
  collectGarbage();
  const before = anonymousMemory();

  onTestFinished(await trimMemory(50));

  const freed = () => before - anonymousMemory();
  await until('most is returned', 5_000, () => freed() > 500 * BLOCK);
  expect(blocks).toHaveLength(50);
});
