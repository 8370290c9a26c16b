import { expect, test } from 'vitest';
import { shortNames } from '../../../src/pages/cluster-page/short-names.ts';

test.each([
  ['short names', ['node-1', 'node-22'], ['node-1', 'node-22']],
  [
    'names that differ at their beginning',
    ['ip-10-0-3-4.eu-west-1.compute.internal', 'ip-10-0-17-4.eu-west-1.compute.internal'],
    ['3', '17'],
  ],
  [
    'names that differ at their end',
    ['gke-prod-pool-1-4f2a9c-x7k2', 'gke-prod-pool-1-4f2a9c-b91m'],
    ['x7k2', 'b91m'],
  ],
  [
    'a name that is the beginning of another',
    ['a-very-long-name-of', 'a-very-long-name-of-1'],
    ['of', 'of-1'],
  ],
  ['a single name', ['a-very-long-name-of-a-node'], ['a-very-long-name-of-a-node']],
])('shortNames() of %s', (_, names, short) => {
  expect(names.map(shortNames(names))).toEqual(short);
});
