import { expect, test } from 'vitest';
import { type CpuProfile, partsOf } from './profile.ts';

const frame = (functionName: string, url = '') => ({ functionName, url });

const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 4, 5, 7] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('(garbage collector)') },
    { id: 4, callFrame: frame('(program)') },
    { id: 5, callFrame: frame('startNext', 'file:///x/src/probes/dial.ts'), children: [6] },
    { id: 6, callFrame: frame('connect', 'node:events') },
    { id: 7, callFrame: frame('processTimers', 'node:internal/timers') },
  ],
  samples: [2, 3, 4, 5, 6, 7, 6],
  timeDeltas: [9_000, 1_000, 2_000, 250, 500, 250, 250],
};

test('partsOf() attributes what a function calls to its part, and leaves out idle time', () => {
  expect(Object.fromEntries(partsOf(PROFILE))).toEqual({
    'garbage collection': 1,
    'native code and system calls outside JavaScript': 2,
    connect: 1,
    'other JavaScript': 0.25,
  });
});

test('partsOf() leaves out the start', () => {
  expect(Object.fromEntries(partsOf(PROFILE, 12_250 / 1_000))).toEqual({
    connect: 0.75,
    'other JavaScript': 0.25,
  });
});
