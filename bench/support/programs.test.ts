import { expect, test } from 'vitest';
import { imageEnvironment, imageFlags } from './programs.ts';

const entrypoint = (...words: string[]) =>
  ['FROM a', `ENTRYPOINT ${JSON.stringify(words)}`, ''].join('\n');

test('imageFlags() are the arguments between Node and the program', () => {
  const dockerfile = entrypoint('/nodejs/bin/node', '--one=1', '--two', '/kubenurse.cjs');
  expect(imageFlags(dockerfile)).toEqual(['--one=1', '--two']);
});

test('imageFlags() refuses an image that is started in another way', () => {
  expect(() => imageFlags('FROM a\n')).toThrow('ENTRYPOINT');
  expect(() => imageFlags(entrypoint('/kubenurse'))).toThrow('ENTRYPOINT');
});

test('imageFlags() reads the Dockerfile of the image', () => {
  for (const flag of imageFlags()) expect(flag).toMatch(/^--/);
});

test('imageEnvironment() are the variables that the image sets', () => {
  expect(imageEnvironment('FROM a\nENV A=1 B_=two\nENV C=3\n')).toEqual({
    A: '1',
    B_: 'two',
    C: '3',
  });
  expect(imageEnvironment('FROM a\n')).toEqual({});
});

test('imageEnvironment() reads the Dockerfile of the image', () => {
  for (const entry of Object.entries(imageEnvironment()))
    expect(entry.join('=')).toMatch(/^MALLOC_\w+=\d+$/);
});
