import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../parts/parts.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { until } from '../support/until.ts';
import { Ingress } from './ingress.ts';

const host = 'kubenurse.example.test';

let authority: CertificateAuthority;
beforeAll(async () => {
  authority = await CertificateAuthority.create('ingress');
});

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

async function startBackend(handler: RequestListener): Promise<Backend> {
  const server = createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

async function startIngress(...backends: Backend[]): Promise<Ingress> {
  const options = { address: '127.0.0.1', port: 0, host, authority };
  const ingress = await Ingress.start({ ...options, backends: () => backends });
  stack.defer(() => ingress.close());
  return ingress;
}

async function get(ingress: Ingress, path = '/alwayshappy', name = host) {
  const outgoing = request({
    host: '127.0.0.1',
    port: ingress.port,
    path,
    servername: name,
    ca: authority.certificate,
    headers: { host: `${name}:${ingress.port}`, 'x-origin': 'node-1' },
    checkServerIdentity: (_, certificate) => {
      const names = certificate.subjectaltname ?? '';
      return names.includes(host) ? undefined : new Error(`not for us: ${names}`);
    },
    agent: false,
    signal: AbortSignal.timeout(5_000),
  }).end();
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode as number, body: await text(response) };
}

test('Ingress forwards a request and returns its response, with method, headers and body', async () => {
  const backend = await startBackend((incoming, response) => {
    const { method, url, headers } = incoming;
    response.end(`${method} ${url} ${headers['x-origin']} ${headers.host}`);
  });
  const ingress = await startIngress(backend);

  const { status, body } = await get(ingress, '/alwayshappy?a=b');
  expect(status).toBe(200);
  expect(body).toBe(`GET /alwayshappy?a=b node-1 ${host}:${ingress.port}`);
});

test('Ingress takes its backends in turn', async () => {
  const backends = ['a', 'b'].map((name) => startBackend((_, response) => response.end(name)));
  const ingress = await startIngress(...(await Promise.all(backends)));
  const body = async () => (await get(ingress)).body;

  expect([await body(), await body(), await body()].join('')).toMatch(/^(aba|bab)$/);
});

test('Ingress responds with 404 to what it does not publish', async () => {
  const ingress = await startIngress(await startBackend((_, response) => response.end('secret')));

  for (const path of ['/', '/alive', '/metrics', '/alwayshappy/../metrics']) {
    expect(await get(ingress, path)).toEqual({ status: 404, body: '' });
  }
  expect(await get(ingress, '/alwayshappy', 'other.example.test')).toEqual({
    status: 404,
    body: '',
  });
});

test('Ingress responds with 503 without a backend, and 502 when the backend fails', async () => {
  expect(await get(await startIngress())).toEqual({ status: 503, body: '' });
  const refusing = { address: '127.0.0.1', port: 1 };
  expect(await get(await startIngress(refusing))).toEqual({ status: 502, body: '' });
});

test('Ingress can be made to respond with a status, to show a wrong certificate, to be down, and be healed', async () => {
  const ingress = await startIngress(await startBackend((_, response) => response.end('ok')));

  await ingress.break({ kind: 'status', code: 504 });
  expect(await get(ingress)).toEqual({ status: 504, body: '' });
  await ingress.break({ kind: 'wrong-certificate' });
  await expect(get(ingress)).rejects.toThrow('not for us: DNS:another.example.test');
  await ingress.break({ kind: 'down' });
  await expect(get(ingress)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await ingress.break(undefined);
  expect(await get(ingress)).toEqual({ status: 200, body: 'ok' });
});

test('Ingress counts the requests that are with a backend', async () => {
  const received = Promise.withResolvers<ServerResponse>();
  const backend = await startBackend((_, response) => received.resolve(response));
  const ingress = await startIngress(backend);
  const result = get(ingress);
  const response = await received.promise;
  expect(ingress.connectionsTo(backend.address)).toBe(1);

  response.end('late');
  expect(await result).toEqual({ status: 200, body: 'late' });
  await until('it is over', 1_000, () => ingress.connectionsTo(backend.address) === 0);
});
