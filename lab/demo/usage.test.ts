import { expect, test } from 'vitest';
import { usage } from './usage.ts';

test.each([
  [
    'the default',
    { real: false, kubernetes: false },
    ['alive <node>', '\n  service: '],
    'network:',
  ],
  ['--real', { real: true, kubernetes: false }, ['alive <node>', '\n  network: '], 'node-N:off'],
  ['--kubernetes', { real: false, kubernetes: true }, ['node-N:off', 'dns:hangs'], 'alive <node>'],
])('usage() of %s has its commands and faults, and no others', (_, options, has, hasNot) => {
  const text = usage(options);
  for (const each of has) expect(text).toContain(each);
  expect(text).not.toContain(hasNot);
});
