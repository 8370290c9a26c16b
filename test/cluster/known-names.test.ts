import { expect, test } from 'vitest';
import { KnownNames, type Subject } from '../../src/cluster/known-names.ts';
import type { Report } from '../../src/verdict/report.ts';
import { smallView } from '../verdict/small-view.ts';
import { ownReport } from './fleet.ts';

const OWN: Report = ownReport(smallView({ nameServers: ['10.96.0.10'] }));

function pathTo(node: string) {
  return { type: `path_${node}`, node };
}

function taken(names: KnownNames, subjects: readonly Subject[]): number {
  return subjects.filter((subject) => names.takes(subject)).length;
}

test('a hundred nodes beyond the known ones have room, however often they are named', () => {
  const names = new KnownNames(['listed'], OWN);
  const others = Array.from({ length: 1_000 }, (_, index) => pathTo(`other-${index}`));
  expect(taken(names, others)).toBe(100);
  expect(taken(names, others)).toBe(100);
  expect(
    taken(names, [pathTo('listed'), pathTo('node-2'), { ...pathTo('listed'), type: 'udp_listed' }]),
  ).toBe(3);
});

test('a hundred checks beyond those of this pod have room, however often they are named', () => {
  const names = new KnownNames([], OWN);
  const others = Array.from({ length: 1_000 }, (_, index) => ({
    type: `dns_10.0.${index}`,
    node: undefined,
  }));
  expect(taken(names, others)).toBe(100);
  expect(taken(names, others)).toBe(100);
  const own = OWN.checks
    .filter(({ node }) => node === undefined)
    .map(({ type }) => ({ type, node: undefined }));
  expect(own.map(({ type }) => type)).toContain('dns_10.96.0.10');
  expect(taken(names, own)).toBe(own.length);
  expect(taken(names, [pathTo('other')])).toBe(1);
});
