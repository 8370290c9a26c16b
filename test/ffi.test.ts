import { expect, test } from 'vitest';
import { loadFfi } from '../src/ffi.ts';

test('loadFfi() leaves other warnings alone, even if it is called concurrently', async () => {
  const { emitWarning } = process;
  await Promise.all([loadFfi(), loadFfi()]);
  expect(process.emitWarning).toBe(emitWarning);
});
