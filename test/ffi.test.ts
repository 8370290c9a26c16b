import { expect, test } from 'vitest';
import { loadFfi } from '../src/ffi.ts';

test('loadFfi() leaves the warnings of others alone, however often it is called at a time', async () => {
  const { emitWarning } = process;
  await Promise.all([loadFfi(), loadFfi()]);
  expect(process.emitWarning).toBe(emitWarning);
});
