import { expect, test } from 'vitest';
import { Suspects } from '../../src/neighbours/suspects.ts';

function failing(count: number): Suspects {
  const suspects = new Suspects();
  for (let index = 0; index < count; index++) suspects.failed(`node-${index}`);
  return suspects;
}

test('a suspect remains one until it has been ok for five minutes without a failure', () => {
  const suspects = failing(1);
  suspects.ok('node-0', 1_000);
  suspects.ok('node-0', 300_999);
  expect(suspects.nodes()).toEqual(['node-0']);
  suspects.failed('node-0');
  suspects.ok('node-0', 301_000);
  suspects.ok('node-0', 600_999);
  expect(suspects.nodes()).toEqual(['node-0']);
  suspects.ok('node-0', 601_000);
  expect(suspects.nodes()).toEqual([]);
});

test('a node that is ok does not become a suspect', () => {
  const suspects = new Suspects();
  suspects.ok('node-0', 0);
  expect(suspects.nodes()).toEqual([]);
});

test('of ten suspects that fail, none makes room for another', () => {
  const suspects = failing(11);
  expect(suspects.nodes()).toHaveLength(10);
  expect(suspects.nodes()).not.toContain('node-10');
});

test('the suspect that has been ok the longest makes room for another', () => {
  const suspects = failing(10);
  suspects.ok('node-3', 2_000);
  suspects.ok('node-5', 1_000);
  suspects.failed('node-10');
  expect(suspects.nodes()).toHaveLength(10);
  expect(suspects.nodes()).not.toContain('node-5');
  expect(suspects.nodes()).toContain('node-10');
});

test('keep() removes nodes that are gone', () => {
  const suspects = failing(2);
  suspects.keep((node) => node !== 'node-0');
  expect(suspects.nodes()).toEqual(['node-1']);
});
