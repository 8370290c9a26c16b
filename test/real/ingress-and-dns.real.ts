import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../../lab/parts/parts.ts';
import { DnsmasqServer } from '../../lab/real/dns.ts';
import { Fabric } from '../../lab/real/fabric.ts';
import { NginxIngress } from '../../lab/real/ingress.ts';
import type { Machine } from '../../lab/real/machine.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { run } from '../../lab/support/command.ts';
import { until } from '../../lab/support/until.ts';

const host = 'kubenurse.example.test';

describe.skipIf(unavailableReason())('the real ingress and name server', () => {
  let fabric: Fabric;
  let authority: CertificateAuthority;
  let ingressMachine: Machine;
  let dnsMachine: Machine;
  let client: Machine;
  let ingress: NginxIngress;
  let dns: DnsmasqServer;

  const records = {
    [host]: ['10.31.0.12'],
    'kubenurse.kubenurse.svc.cluster.local': ['10.31.255.20', 'fd00:10:31:ffff::20'],
    'six.example.test': ['fd00:10:31::7'],
  };

  beforeAll(async () => {
    authority = await CertificateAuthority.create('ingress');
    fabric = await Fabric.create('10.31', ['IPv4', 'IPv6']);
    ingressMachine = await fabric.addMachine('ingress', 12);
    dnsMachine = await fabric.addMachine('dns', 13);
    client = await fabric.addMachine('client', 14);
    const [operator = ''] = fabric.operator;
    ingress = await NginxIngress.start({ machine: ingressMachine, host, authority });
    dns = await DnsmasqServer.start({ machine: dnsMachine, operator, records });
  });

  afterAll(async () => {
    await Promise.all([ingress?.close(), dns?.close()]);
    await fabric?.close();
  });

  /** With the operator's addresses, which it does not have. */
  const withWrongAddress = ({ enter }: Machine) => ({
    addresses: fabric.operator,
    enter,
    break: async () => {},
  });

  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
    await Promise.all([ingress.break(undefined), dns.break(undefined)]);
  });

  async function startBackend(handler: RequestListener, family = 0): Promise<Backend> {
    const server = createServer(handler);
    const address = fabric.operator[family] ?? '';
    server.listen(0, address);
    await once(server, 'listening');
    stack.defer(() => {
      server.closeAllConnections();
      server.close();
    });
    return { address, port: (server.address() as AddressInfo).port };
  }

  const says =
    (text: string): RequestListener =>
    (_, response) =>
      response.end(text);

  async function get(
    options: { path?: string; name?: string; family?: number; limitMs?: number } = {},
  ) {
    const { path = '/alwayshappy', name = host, family = 0, limitMs = 5_000 } = options;
    const outgoing = request({
      host: ingressMachine.addresses[family],
      path,
      servername: name,
      ca: authority.certificate,
      headers: { host: name, 'x-origin': 'node-1' },
      checkServerIdentity: (_, { subjectaltname = '' }) =>
        subjectaltname.includes(host) ? undefined : new Error(`not for us: ${subjectaltname}`),
      agent: false,
      signal: AbortSignal.timeout(limitMs),
    }).end();
    const [response] = await once(outgoing, 'response');
    let body = '';
    for await (const bytes of response) body += bytes;
    return { status: response.statusCode as number, body };
  }

  const statusOf = async (options = {}) => (await get(options)).status;

  /**
   * What a client other than the operator gets: a status, or an error's code, and after how many
   * milliseconds.
   */
  async function timedRequest(): Promise<{ result: string; milliseconds: number }> {
    const script = `const begin = performance.now();
      const report = (result) => console.log(JSON.stringify({ result, milliseconds: performance.now() - begin }));
      const [address, host] = process.argv.slice(1);
      require('node:https').get({ host: address, path: '/alwayshappy', headers: { host }, servername: host,
        rejectUnauthorized: false, agent: false, timeout: 5000 },
        (response) => { response.resume(); report(String(response.statusCode)); })
        .on('error', ({ code }) => report(code));`;
    const command = [process.execPath, '-e', script, ingressMachine.addresses[0] ?? '', host];
    return JSON.parse(await run([...client.enter, ...command]));
  }

  test('NginxIngress passes a request on to the pods in turn, in either family', async () => {
    const tells: RequestListener = ({ method, url, headers }, response) =>
      response.end(`${method} ${url} ${headers.host} ${headers['x-origin']}`);
    await ingress.setBackends([await startBackend(tells), await startBackend(says('6'), 1)]);

    const bodies: string[] = [];
    for (const family of [0, 1, 0, 1])
      bodies.push((await get({ family, path: '/alwayshappy?a=b' })).body);
    const received = `GET /alwayshappy?a=b ${host} node-1`;
    expect(bodies).toEqual([received, '6', received, '6']);
  });

  test('NginxIngress responds 404 for what it does not publish', async () => {
    await ingress.setBackends([await startBackend(says('secret'))]);

    for (const path of ['/', '/alive', '/metrics', '/alwayshappy/../metrics', '/alwayshappy/']) {
      expect(await statusOf({ path })).toBe(404);
    }
    expect(await statusOf({ name: 'other.example.test' })).toBe(404);
  });

  test('NginxIngress responds 503 without a backend, 502 when it refuses, and uses another if there is one', async () => {
    const refusing = { address: fabric.operator[0] ?? '', port: 1 };
    await ingress.setBackends([]);
    expect(await statusOf()).toBe(503);
    await ingress.setBackends([refusing]);
    expect(await statusOf()).toBe(502);
    await ingress.setBackends([refusing, await startBackend(says('ok'))]);
    expect(await Promise.all([statusOf(), statusOf()])).toEqual([200, 200]);
  });

  test('NginxIngress.setBackends() fails no request', async () => {
    const [one, other] = [await startBackend(says('one')), await startBackend(says('other'))];
    await ingress.setBackends([one]);
    const responses = new Map<string, number>();
    let isDone = false;
    const clients = Array.from({ length: 4 }, async () => {
      while (!isDone) {
        const { status, body } = await get().catch((error) => ({ status: error.code, body: '' }));
        responses.set(`${status} ${body}`, (responses.get(`${status} ${body}`) ?? 0) + 1);
      }
    });
    for (const backends of [[other], [one, other], [one], [other], [one]]) {
      await ingress.setBackends(backends);
      const { body } = await get();
      expect(backends.map((backend) => (backend === one ? 'one' : 'other'))).toContain(body);
    }
    isDone = true;
    await Promise.all(clients);
    expect([...responses.keys()].sort()).toEqual(['200 one', '200 other']);
  });

  test('NginxIngress.setBackends() waits for the requests that a former backend is serving', async () => {
    let [isReceived, isDone] = [false, false];
    const slow = await startBackend((_, response) => {
      isReceived = true;
      setTimeout(() => {
        isDone = true;
        response.end('late');
      }, 300);
    });
    await ingress.setBackends([slow]);
    const outcome = get().catch((error) => error);
    await until('it is received', 2_000, () => isReceived);
    await ingress.setBackends([]);
    expect(isDone).toBe(true);
    expect(await outcome).toEqual({ status: 200, body: 'late' });
  });

  test.each([500, 502, 503, 504, 429])(
    'NginxIngress responds with %i when it is broken that way',
    async (code) => {
      await ingress.setBackends([await startBackend(says('ok'))]);
      await ingress.break({ kind: 'status', code });
      expect(await statusOf()).toBe(code);
      await ingress.break(undefined);
      expect(await statusOf()).toBe(200);
    },
  );

  test('NginxIngress shows a wrong certificate, and refuses', async () => {
    await ingress.setBackends([await startBackend(says('one'))]);

    await ingress.break({ kind: 'wrong-certificate' });
    await expect(get()).rejects.toThrow('not for us: DNS:another.example.test');
    await ingress.break({ kind: 'down' });
    await expect(get()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('NginxIngress hangs until it is healed', async () => {
    await ingress.setBackends([await startBackend(says('one'))]);
    await ingress.break({ kind: 'hang' });
    const waiting = timedRequest();
    expect(await Promise.race([waiting, sleep(500, 'silence')])).toBe('silence');
    await ingress.break(undefined);
    expect(await waiting).toMatchObject({ result: '200' });
  });

  test('NginxIngress resets connections, and is slow', async () => {
    await ingress.setBackends([await startBackend(says('ok'))]);
    expect(await timedRequest()).toMatchObject({ result: '200' });
    await ingress.break({ kind: 'reset' });
    expect(await timedRequest()).toMatchObject({ result: 'ECONNRESET' });
    await ingress.break({ kind: 'slow', milliseconds: 1_000 });
    const { result, milliseconds } = await timedRequest();
    expect(result).toBe('200');
    expect(milliseconds).toBeGreaterThan(1_000);
    await ingress.break(undefined);
    await until(
      'nginx is no longer slow',
      10_000,
      async () => (await timedRequest()).milliseconds < 1_000,
    );
  });

  test('NginxIngress.start() reports what nginx wrote', async () => {
    const machine = withWrongAddress(ingressMachine);
    await expect(NginxIngress.start({ machine, host, authority })).rejects.toThrow(
      /nginx did not start: .*Cannot assign requested address/s,
    );
  });

  function resolverAt(family = 0): Resolver {
    const resolver = new Resolver({ timeout: 300, tries: 1 });
    resolver.setServers([dnsMachine.addresses[family] ?? '']);
    return resolver;
  }

  test('DnsmasqServer responds with the addresses of each family, at each of its own', async () => {
    const name = 'kubenurse.kubenurse.svc.cluster.local';
    for (const family of [0, 1]) {
      const resolver = resolverAt(family);
      expect(await resolver.resolve4(name, { ttl: true })).toEqual([
        { address: '10.31.255.20', ttl: 5 },
      ]);
      expect(await resolver.resolve6(name)).toEqual(['fd00:10:31:ffff::20']);
    }
  });

  test('DnsmasqServer distinguishes a name without such an address from a name that does not exist', async () => {
    const resolver = resolverAt();
    await expect(resolver.resolve6(host)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4('six.example.test')).rejects.toMatchObject({ code: 'ENODATA' });
    for (const name of [
      ...['kubenurse.svc.cluster.local', 'svc.cluster.local', 'cluster.local'].map(
        (domain) => `${host}.${domain}`,
      ),
      'nobody.example.test',
      'nobody.invalid',
    ]) {
      await expect(resolver.resolve4(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
      await expect(resolver.resolve6(name)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    }
  });

  test('DnsmasqServer.break() responds according to the fault until it is healed', async () => {
    const resolver = resolverAt();
    const faults = { silent: 'ETIMEOUT', servfail: 'ESERVFAIL', nxdomain: 'ENOTFOUND' } as const;
    for (const fault of ['silent', 'servfail', 'nxdomain', 'silent'] as const) {
      await dns.break(fault);
      for (const name of [host, `${host}.cluster.local`]) {
        await expect(resolver.resolve4(name)).rejects.toMatchObject({ code: faults[fault] });
      }
    }
    await dns.break(undefined);
    expect(await resolver.resolve4(host)).toEqual(['10.31.0.12']);
  });

  test('DnsmasqServer.setRecords() replaces them all, even while it is silent', async () => {
    const resolver = resolverAt();
    stack.defer(() => dns.setRecords(records));
    await dns.setRecords({ [host]: ['10.31.0.99'] });
    expect(await resolver.resolve4(host)).toEqual(['10.31.0.99']);
    await expect(resolver.resolve6('six.example.test')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });

    await dns.break('silent');
    await dns.setRecords({ [host]: ['10.31.0.98'] });
    await dns.break(undefined);
    expect(await resolver.resolve4(host)).toEqual(['10.31.0.98']);
  });

  test('DnsmasqServer.start() reports what dnsmasq wrote', async () => {
    const machine = withWrongAddress(dnsMachine);
    const [operator = ''] = fabric.operator;
    await expect(DnsmasqServer.start({ machine, operator, records })).rejects.toThrow(
      /dnsmasq did not start: .*failed to create listening socket/s,
    );
  });
});
