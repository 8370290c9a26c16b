import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { layoutOf } from '../embedded/layout.ts';
import { httpGet } from '../support/http-get.ts';
import { Cluster } from './cluster.ts';

const network = '127.61';

/** Responds as a probe does, with its environment as `/alive`; logs a line. */
const STAND_IN = `
import { createServer } from 'node:http';
const { KUBENURSE_LISTEN_ADDRESS: host } = process.env;
console.log(JSON.stringify({ msg: 'listening' }));
createServer((request, response) => {
  response.end(request.url === '/alive' ? JSON.stringify(process.env) : '');
}).listen(8080, host);
`;

let directory: string;
let program: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubenurse-test-'));
  program = join(directory, 'program.mjs');
  await writeFile(program, STAND_IN);
});
afterEach(() => rm(directory, { recursive: true }));

/** Resolves to `open`, or to the error. */
function tryAddress({ address, port }: { address: string; port: number }): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.on('connect', () => resolve('open')).on('connect', () => socket.destroy());
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

function everyAddress() {
  const layout = layoutOf(network);
  const { apiServer, service, ingress } = layout;
  const { pod, program } = layout.pod(1, 0);
  return [
    apiServer,
    service,
    ingress,
    { address: pod, port: 8080 },
    { address: program, port: 8080 },
  ];
}

test('Cluster starts nodes that are reachable by their pod, the service and no more; close() leaves nothing', async () => {
  const cluster = await Cluster.start({ nodes: 2, network, program, env: { EXTRA: 'a' } });
  let file = '';
  try {
    expect(cluster.nodes.map(({ name, url }) => `${name} ${url}`)).toEqual([
      'node-1 http://127.61.1.1:8080/alive',
      'node-2 http://127.61.1.2:8080/alive',
    ]);
    expect(cluster.node('node-1').log.all).toEqual(['{"msg":"listening"}']);
    const environment = JSON.parse((await httpGet(cluster.node('node-1').url, 10_000)).body);
    expect(environment).toMatchObject({ NODE_NAME: 'node-1', EXTRA: 'a' });
    file = environment.KUBENURSE_RESOLV_CONF;
    expect(existsSync(file)).toBe(true);
    expect(Object.keys(environment)).not.toContain('HOME');
    expect(await Promise.all(everyAddress().map(tryAddress))).toEqual(Array(5).fill('open'));
    expect((await cluster.addNode()).name).toBe('node-3');
  } finally {
    await cluster.close();
  }
  expect(await Promise.all(everyAddress().map(tryAddress))).toEqual(Array(5).fill('ECONNREFUSED'));
  expect(existsSync(file)).toBe(false);
});

test('Cluster.start() that fails reports what the program wrote, and leaves nothing', async () => {
  await writeFile(
    program,
    `console.error(process.env.KUBENURSE_RESOLV_CONF, 'cannot be read'); process.exitCode = 3;`,
  );

  const error = await Cluster.start({ nodes: 1, network, program }).catch((reason) => reason);
  const [what, why = ''] = error.message.split('\n  ');
  expect(what).toBe('node-1: the program ended with exit code 3');
  expect(why).toMatch(/resolv.conf cannot be read$/);
  const [file = ''] = why.split(' ');
  expect(await Promise.all(everyAddress().map(tryAddress))).toEqual(Array(5).fill('ECONNREFUSED'));
  expect(existsSync(file)).toBe(false);
});

test('Cluster.break() and heal() break a node and heal it, and know what is broken', async () => {
  await using cluster = await Cluster.start({ nodes: 2, network, program });
  const service = `http://127.61.0.11:8080/`;
  const outcomeOf = (url: string) =>
    httpGet(url, 300).then(
      ({ status }) => status,
      (error) => error.code,
    );
  const [node] = cluster.nodes;
  const url = node?.url ?? '';

  await cluster.break('node-1:down');
  expect(cluster.faults).toEqual(new Map([['node-1', 'down']]));
  expect(await outcomeOf(url)).toBe('ECONNREFUSED');
  expect([await outcomeOf(service), await outcomeOf(service), await outcomeOf(service)]).toEqual([
    200, 200, 200,
  ]);
  await cluster.break('node-1:reset');
  expect(await outcomeOf(url)).toBe('ECONNRESET');
  const podName = node?.podName;
  await cluster.break('node-1:deleted');
  expect(await outcomeOf(url)).toBe('ECONNREFUSED');
  expect(node?.ended).toBe('was ended by SIGTERM');
  await cluster.heal('all');
  expect(cluster.faults.size).toBe(0);
  expect(await outcomeOf(url)).toBe(200);
  expect(node?.podName).not.toBe(podName);
  await expect(cluster.break('node-3:down')).rejects.toThrow('expected node-1 to node-2');
});

test('ClusterNode.kill() and restart() end the program and start it again, in the same pod', async () => {
  await using cluster = await Cluster.start({ nodes: 1, network, program });
  const node = cluster.node('node-1');
  const podName = node.podName;

  await node.kill();
  expect(node.ended).toBe('was ended by SIGKILL');
  expect(node.endpoints).toEqual([]);
  expect(await tryAddress({ address: node.address, port: 8080 })).toBe('ECONNREFUSED');
  await node.restart();
  expect((await httpGet(node.url, 10_000)).status).toBe(200);
  expect(node.podName).toBe(podName);
});
