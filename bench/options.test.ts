import { expect, test } from 'vitest';
import { apiServerLoad } from './api-server-load.ts';
import { cpu } from './cpu.ts';
import { fidelity } from './fidelity.ts';
import { footprint } from './footprint.ts';
import { scale } from './scale.ts';
import { served } from './served.ts';
import { start } from './start.ts';
import { readArguments } from './support/command-line.ts';
import { OptionError } from './support/options.ts';

const BENCHMARKS = {
  'api-server-load': apiServerLoad,
  cpu,
  fidelity,
  footprint,
  scale,
  served,
  start,
};

const NODES = 'a whole number from 2 to 8000, or several separated by commas';
const MINUTES = 'a number from 2 to 1440';
const PROGRAMS =
  'packed, unpacked, peer, without-tcp-info, without-full-size, without-rotating, dns, udp';

test.each([
  ['footprint', '--neighbours=abc', 'a whole number from 1 to 254'],
  ['footprint', '--neighbours=0', 'a whole number from 1 to 254'],
  ['footprint', '--neighbours=-1', 'a whole number from 1 to 254'],
  ['footprint', '--neighbours=100000', 'a whole number from 1 to 254'],
  ['footprint', '--neighbours=', 'a whole number from 1 to 254'],
  ['footprint', '--minutes=1', MINUTES],
  ['footprint', '--minutes=1e2', MINUTES],
  ['footprint', '--programs=packed,foo', `one of ${PROGRAMS}, or several separated by commas`],
  ['start', '--rounds=1.5', 'a whole number from 1 to 1000'],
  ['cpu', '--interval=0', 'a number of seconds from 0.1 to 60'],
  ['scale', '--nodes=5,1', NODES],
  ['api-server-load', '--nodes=5,', NODES],
  ['fidelity', '--targets=101', 'a whole number from 1 to 100, or several separated by commas'],
  ['fidelity', '--busy=few', 'a whole number from 0 to 100, or several separated by commas'],
  [
    'served',
    '--parts=page',
    'all, or some of alwayshappy, pages, abuse, attacks, separated by commas',
  ],
])('%s %s is not accepted', (name, option, expected) => {
  const { options } = BENCHMARKS[name as keyof typeof BENCHMARKS];
  expect(() => readArguments([option], options)).toThrow(
    new OptionError(`${option.replace('=', ' ')}: expected ${expected}`),
  );
});

test('options have the values given, or their defaults', () => {
  const { options } = BENCHMARKS.scale;
  expect(readArguments(['--nodes', '100,5', '--json'], options)).toEqual({
    short: false,
    json: true,
    help: false,
    values: { nodes: [5, 100], rounds: 3 },
  });
  expect(
    readArguments(['--program', 'package.json'], BENCHMARKS.served.options).values,
  ).toMatchObject({
    parts: ['alwayshappy', 'pages', 'abuse', 'attacks'],
  });
});
