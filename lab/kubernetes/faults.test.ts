import { expect, test } from 'vitest';
import { faultHelp, parseFault } from './faults.ts';

const NODES = ['node-1', 'node-2'];

test('parseFault() reads every fault of the help', () => {
  for (const line of faultHelp()) {
    const [name = ''] = line.split(' ');
    expect(() => parseFault(name.replace('node-N', 'node-2'), NODES), name).not.toThrow();
  }
});

test('parseFault() says what is expected', () => {
  expect(() => parseFault('node-3:off', NODES)).toThrow(
    'unknown part "node-3"; expected node-1, node-2, dns, api-server, probe',
  );
  expect(() => parseFault('api-server:off', NODES)).toThrow(
    'unknown fault "api-server:off"; expected api-server:down, api-server:rotated',
  );
});

test('faultHelp() fits a terminal', () => {
  for (const line of faultHelp()) expect(line.length, line).toBeLessThanOrEqual(100);
});
