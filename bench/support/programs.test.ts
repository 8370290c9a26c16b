import { expect, test } from 'vitest';
import { imageFlags } from './programs.ts';

const entrypoint = (...words: string[]) =>
  ['FROM a', `ENTRYPOINT ${JSON.stringify(words)}`, ''].join('\n');

test('imageFlags() are what stands between Node and the program', () => {
  const dockerfile = entrypoint('/nodejs/bin/node', '--one=1', '--two', '/kubenurse.cjs');
  expect(imageFlags(dockerfile)).toEqual(['--one=1', '--two']);
});

test('imageFlags() refuses an image that is started in another way', () => {
  expect(() => imageFlags('FROM a\n')).toThrow('ENTRYPOINT');
  expect(() => imageFlags(entrypoint('/kubenurse'))).toThrow('ENTRYPOINT');
});

test('imageFlags() understands our Dockerfile', () => {
  for (const flag of imageFlags()) expect(flag).toMatch(/^--/);
});
