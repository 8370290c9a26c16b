import { expect, test } from 'vitest';
import { FaultMistake, faultHelp, parseFault, parsePart } from './faults.ts';

const nodes = ['node-1', 'node-2', 'node-3'];

test.each([
  ['node-3:down', 'node', { kind: 'down' }],
  ['node-1:hang', 'node', { kind: 'hang' }],
  ['node-1:reset', 'node', { kind: 'reset' }],
  ['node-2:slow=50ms', 'node', { kind: 'slow', milliseconds: 50 }],
  ['node-2:suspended', 'node', { kind: 'suspended' }],
  ['node-2:cordoned', 'node', { kind: 'cordoned' }],
  ['node-2:deleted', 'node', { kind: 'deleted' }],
  ['node-2:terminating', 'node', { kind: 'terminating' }],
  ['dns:silent', 'dns', 'silent'],
  ['dns:servfail', 'dns', 'servfail'],
  ['dns:nxdomain', 'dns', 'nxdomain'],
  ['ingress:503', 'ingress', { kind: 'status', code: 503 }],
  ['ingress:slow=1.5s', 'ingress', { kind: 'slow', milliseconds: 1_500 }],
  ['ingress:wrong-certificate', 'ingress', { kind: 'wrong-certificate' }],
  ['service:slow=300ms', 'service', { kind: 'slow', milliseconds: 300 }],
  ['service:down', 'service', { kind: 'down' }],
  ['api-server:down', 'api-server', { kind: 'down' }],
  ['api-server:hang', 'api-server', { kind: 'hang' }],
  ['api-server:slow=1s', 'api-server', { kind: 'slow', milliseconds: 1_000 }],
  ['api-server:429', 'api-server', { kind: 'status', code: 429 }],
])('parseFault() reads %s', (text, kind, fault) => {
  const [part, name] = text.split(':');
  expect(parseFault(` ${text} `, nodes, 'embedded')).toEqual({ part, name, kind, fault });
});

test.each([
  ['node-1:deaf', 'node', { kind: 'deaf' }],
  ['node-1:loss=20', 'node', { kind: 'loss', percent: 20 }],
  ['node-1:udp-drop', 'node', { kind: 'udp-drop' }],
  ['node-1:udp-reply-loss=30', 'node', { kind: 'udp-reply-loss', percent: 30 }],
  ['network:split=2', 'network', { kind: 'split', first: 2 }],
  ['network:one-way-split=1', 'network', { kind: 'one-way-split', first: 1 }],
])('parseFault() reads %s where the parts are real', (text, kind, fault) => {
  const [part, name] = text.split(':');
  expect(parseFault(text, nodes, 'real')).toEqual({ part, name, kind, fault });
  expect(() => parseFault(text, nodes, 'embedded')).toThrow(
    new FaultMistake(`"${text}" requires the real network: npm run demo -- --real`),
  );
});

test.each([
  [
    'node-4:down',
    'unknown part "node-4"; expected node-1 to node-3, dns, ingress, service, api-server',
  ],
  [
    'node:down',
    'unknown part "node"; expected node-1 to node-3, dns, ingress, service, api-server',
  ],
  ['', 'unknown part ""; expected node-1 to node-3, dns, ingress, service, api-server'],
  [
    'toString:x',
    'unknown part "toString"; expected node-1 to node-3, dns, ingress, service, api-server',
  ],
  ['dns', '"dns" requires a fault; expected dns:silent, dns:servfail, dns:nxdomain'],
  ['dns:', '"dns" requires a fault; expected dns:silent, dns:servfail, dns:nxdomain'],
  ['dns:down', 'unknown fault "dns:down"; expected dns:silent, dns:servfail, dns:nxdomain'],
  ['network:down', '"network:down" requires the real network: npm run demo -- --real'],
  [
    'service:slow=soon',
    'unknown fault "service:slow=soon"; expected service:down, service:hang, service:reset, service:slow=<duration>',
  ],
])('parseFault() says of "%s" what is wrong and what would be right', (text, message) => {
  expect(() => parseFault(text, nodes, 'embedded')).toThrow(new FaultMistake(message));
});

test.each(['ingress:200', 'ingress:5033', 'api-server:404', 'node-1:slow=', 'node-1:slow=-1s'])(
  'parseFault() does not accept %s',
  (text) => {
    expect(() => parseFault(text, nodes, 'embedded')).toThrow(FaultMistake);
  },
);

test('parsePart() reads the part that is to be healed, or names those there are', () => {
  expect(parsePart('node-3', nodes, 'embedded')).toMatchObject({ kind: 'node', fault: undefined });
  expect(() => parsePart('node-9', nodes, 'embedded')).toThrow(
    'unknown part "node-9"; expected node-1 to node-3, dns,',
  );
});

test('faultHelp() has every fault that the parts can have, and each meaning once', () => {
  const help = faultHelp('embedded');
  expect(help).toContain('  dns:         silent, servfail, nxdomain');
  expect(help).toContain('  down                     it refuses connections');
  expect(help.filter((line) => line.includes('delays every response'))).toHaveLength(1);
  expect(help.join('\n')).not.toMatch(/network:|isolated|loss=/);
  const real = faultHelp('real').join('\n');
  for (const fault of ['network:     split=N', 'isolated', 'loss=<percent>']) {
    expect(real).toContain(fault);
  }
});

test.each(['embedded', 'real'] as const)('faultHelp() of %s parts fits 80 columns', (parts) => {
  expect(Math.max(...faultHelp(parts).map((line) => line.length))).toBeLessThanOrEqual(80);
});
