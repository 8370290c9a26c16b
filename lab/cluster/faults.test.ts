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
  ['api-server:away', 'api-server', { kind: 'away' }],
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
  ['network:split=2', 'network', { kind: 'split', first: 2 }],
  ['network:one-way-split=1', 'network', { kind: 'one-way-split', first: 1 }],
])('parseFault() reads %s where the parts are real', (text, kind, fault) => {
  const [part, name] = text.split(':');
  expect(parseFault(text, nodes, 'real')).toEqual({ part, name, kind, fault });
  expect(() => parseFault(text, nodes, 'embedded')).toThrow(
    new FaultMistake(`"${text}" takes the real network: npm run demo -- --real`),
  );
});

test.each([
  [
    'node-4:down',
    '"node-4" is no part; there is node-1 to node-3, dns, ingress, service, api-server, network',
  ],
  [
    'node:down',
    '"node" is no part; there is node-1 to node-3, dns, ingress, service, api-server, network',
  ],
  ['', '"" is no part; there is node-1 to node-3, dns, ingress, service, api-server, network'],
  [
    'toString:x',
    '"toString" is no part; there is node-1 to node-3, dns, ingress, service, api-server, network',
  ],
  ['dns', '"dns" does not say how; there is dns:silent, dns:servfail, dns:nxdomain'],
  ['dns:', '"dns:" does not say how; there is dns:silent, dns:servfail, dns:nxdomain'],
  [
    'dns:down',
    '"dns:down": dns cannot be broken that way; there is dns:silent, dns:servfail, dns:nxdomain',
  ],
  [
    'network:down',
    '"network:down": network cannot be broken that way; there is none: it takes the real network: npm run demo -- --real',
  ],
  [
    'service:slow=soon',
    '"service:slow=soon": service cannot be broken that way; there is service:down, service:hang, service:reset, service:slow=<duration>',
  ],
])('parseFault() says of "%s" what is wrong and what would be right', (text, message) => {
  expect(() => parseFault(text, nodes, 'embedded')).toThrow(new FaultMistake(message));
});

test.each(['ingress:200', 'ingress:5033', 'api-server:404', 'node-1:slow=', 'node-1:slow=-1s'])(
  'parseFault() does not take %s',
  (text) => {
    expect(() => parseFault(text, nodes, 'embedded')).toThrow(FaultMistake);
  },
);

test('parsePart() reads the part that is to be healed, or names those there are', () => {
  expect(parsePart('node-3', nodes)).toMatchObject({ kind: 'node', fault: undefined });
  expect(() => parsePart('node-9', nodes)).toThrow('there is node-1 to node-3, dns,');
});

test('faultHelp() has every fault of every part, and each meaning once', () => {
  const help = faultHelp();
  expect(help).toContain('  dns:         silent, servfail, nxdomain');
  expect(help).toContain('  down, away                           connecting to it is refused');
  expect(help.filter((line) => line.includes('so much later'))).toHaveLength(1);
  expect(Math.max(...help.map((line) => line.length))).toBeLessThanOrEqual(100);
});
