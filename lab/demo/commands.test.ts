import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from '../cluster/cluster.ts';
import { execute } from './commands.ts';

/** A program that is ready immediately, logs a line and has an `/alive`. */
const STAND_IN = `
import { createServer } from 'node:http';
const { KUBENURSE_LISTEN_ADDRESS: host, NODE_NAME: node } = process.env;
console.log('this is ' + node);
createServer((request, response) => response.end(request.url + '\\nof ' + node)).listen(8080, host);
`;

let directory: string;
let cluster: Cluster;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubenurse-test-'));
  const program = join(directory, 'program.mjs');
  await writeFile(program, STAND_IN);
  cluster = await Cluster.start({ nodes: 2, network: '127.62', program });
});
afterAll(async () => {
  await cluster?.close();
  await rm(directory, { recursive: true });
});

test('execute() breaks and heals, and shows the log and /alive of a node', async () => {
  expect(await execute('break dns:silent node-1:down', cluster)).toEqual([
    'broken: dns:silent, node-1:down',
  ]);
  expect(await execute(' heal node-1:down service ', cluster)).toEqual([
    'service is not broken',
    'healed: node-1',
  ]);
  expect([...cluster.faults]).toEqual([['dns', 'silent']]);
  expect(await execute('heal all', cluster)).toEqual(['healed: dns']);
  expect(await execute('logs node-2', cluster)).toEqual(['this is node-2']);
  expect(await execute('alive node-1', cluster)).toEqual(['/alive', 'of node-1']);
  expect(await execute('quit', cluster)).toBe('quit');
  expect(await execute('', cluster)).toEqual([]);
});

test('execute() offers in its help only what this cluster can do', async () => {
  const help = (await execute('help', cluster)) as readonly string[];
  expect(help).toContain('  dns:         silent, servfail, nxdomain');
  expect(help.join('\n')).not.toContain('network:');
  expect(Math.max(...help.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each([
  ['brake dns', 'unknown command "brake"; expected break, heal, logs, alive, help or quit'],
  ['toString', 'unknown command "toString"; expected break, heal, logs, alive, help or quit'],
  [
    'break',
    'break requires a part and a fault, such as node-2:down; parts: node-1 to node-2, dns, ingress, service, api-server',
  ],
  ['break node-1 down', 'part and fault are joined by a colon: break node-1:down'],
  ['break dns:dead', 'unknown fault "dns:dead"; expected dns:silent, dns:servfail, dns:nxdomain'],
  ['break network:split=1', '"network:split=1" requires the real network: npm run demo -- --real'],
  ['heal', 'heal requires a part, or all; nothing is broken'],
  ['heal all', 'nothing is broken'],
  [
    'heal node-3',
    'unknown part "node-3"; expected node-1 to node-2, dns, ingress, service, api-server',
  ],
  ['logs', 'logs requires a node; expected node-1 to node-2'],
  ['alive dns', 'unknown node "dns"; expected node-1 to node-2'],
])('execute() responds to "%s" with what is possible', async (line, message) => {
  expect(await execute(line, cluster)).toEqual([message]);
});
