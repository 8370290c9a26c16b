import { execFileSync } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { freePort, ServerProcess } from '../../lab/support/server-process.ts';
import { suspend } from '../../lab/support/suspend.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';
import { closedPort } from '../support/closed-port.ts';
import { resolverOf } from '../support/name-server.ts';
import { check } from './check-once.ts';

const ADDRESS = '127.0.0.1';

/** More than a datagram of 512 bytes holds. */
const MANY = Array.from({ length: 60 }, (_, index) => `10.1.9.${index + 1}`);

/** dnsmasq's flags for one record of each type, all below `example.test`. */
const RECORDS = [
  '--host-record=host.example.test,10.1.2.3,fd00::3',
  '--host-record=four.example.test,10.1.2.4',
  '--cname=alias.example.test,host.example.test',
  '--srv-host=_http._tcp.example.test,host.example.test,80',
  '--ptr-record=3.2.1.10.in-addr.arpa,host.example.test',
  '--txt-record=text.example.test,a text',
  ...MANY.map((address) => `--host-record=many.example.test,${address}`),
];

type Name = 'dnsmasq' | 'CoreDNS';
type Server = Readonly<{ at: string; address: string; port: number; process: ServerProcess }>;

async function responds(port: number): Promise<boolean> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`${ADDRESS}:${port}`]);
  return resolver.resolve4('host.example.test').then(
    () => true,
    () => false,
  );
}

async function startDnsmasq(failing: number): Promise<Server> {
  const port = await freePort();
  const args = [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root'],
    ...['--log-facility=-', '--bind-interfaces', `--listen-address=${ADDRESS}`, `--port=${port}`],
    ...['--no-resolv', '--no-hosts', '--local=/example.test/', ...RECORDS],
    `--server=/servfail.test/${ADDRESS}#${failing}`,
  ];
  const process = await ServerProcess.start('dnsmasq', args, { ready: () => responds(port) });
  return { at: `${ADDRESS}:${port}`, address: ADDRESS, port, process };
}

/** Forwards to `known`, except `servfail.test`. */
async function startCoredns(folder: string, known: number, failing: number): Promise<Server> {
  const port = await freePort();
  const corefile = join(folder, 'Corefile');
  const zone = (name: string, to: number) => `${name}:${port} {\n  forward . ${ADDRESS}:${to}\n}\n`;
  await writeFile(corefile, zone('.', known) + zone('servfail.test', failing));
  const process = await ServerProcess.start(tool('coredns'), ['-conf', corefile], {
    ready: () => responds(port),
  });
  return { at: `${ADDRESS}:${port}`, address: ADDRESS, port, process };
}

function missing(): string | undefined {
  if (missingTools(['coredns']).length > 0) return 'coredns is not built';
  try {
    execFileSync('dnsmasq', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'dnsmasq is not installed';
  }
}
const reason = missing();

describe.skipIf(reason)(
  `checks of dns URLs by real name servers${reason ? `: ${reason}` : ''}`,
  () => {
    const stack = new AsyncDisposableStack();
    afterAll(() => stack.disposeAsync());
    const servers = {} as Record<Name, Server>;

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'kubenurse-dns-'));
      stack.defer(() => rm(folder, { recursive: true }));
      const failing = await DnsServer.start({ address: ADDRESS, port: 0, records: {} });
      stack.defer(() => failing.close());
      failing.break('servfail');
      const dnsmasq = await startDnsmasq(failing.port);
      stack.defer(() => dnsmasq.process.stop());
      const coredns = await startCoredns(folder, dnsmasq.port, failing.port);
      stack.defer(() => coredns.process.stop());
      Object.assign(servers, { dnsmasq, CoreDNS: coredns });
    });

    describe.each(['dnsmasq', 'CoreDNS'] as const)('%s', (name) => {
      test.each([
        ['A', 'host.example.test'],
        ['AAAA', 'host.example.test'],
        ['CNAME', 'alias.example.test'],
        ['SRV', '_http._tcp.example.test'],
        ['PTR', '3.2.1.10.in-addr.arpa'],
        ['TXT', 'text.example.test'],
      ])('has a record of type %s', async (type, queried) => {
        const outcome = await check(`dns://${servers[name].at}/${queried}?type=${type}`);
        expect(outcome).toMatchObject({ kind: 'ok', code: 'ok' });
      });

      test.each([
        ['absent.example.test', 'A', 'dns_nxdomain', 'no such name (ENOTFOUND)'],
        ['four.example.test', 'AAAA', 'dns_nodata', 'the name has no such record (ENODATA)'],
        ['host.example.test', 'SRV', 'dns_nodata', 'the name has no such record (ENODATA)'],
        ['a.servfail.test', 'A', 'dns_servfail', 'the name server failed (ESERVFAIL)'],
      ])('%s %s is %s', async (queried, type, event, why) => {
        const { at } = servers[name];
        expect(await check(`dns://${at}/${queried}?type=${type}`)).toMatchObject({
          event,
          cause: 'dns',
          error: { message: `querying ${at} for ${type} ${queried}: ${why}` },
        });
      });

      test.each([
        ['host.example.test', ['fd00::3', '10.1.2.3']],
        ['alias.example.test', ['fd00::3', '10.1.2.3']],
        ['four.example.test', ['10.1.2.4']],
        ['HOST', ['fd00::3', '10.1.2.3']],
      ])('looks up %s', async (queried, addresses) => {
        const resolve = resolverOf([servers[name]], 'search absent.example.test example.test');
        const found = await resolve(queried, AbortSignal.timeout(5_000));
        expect(found.toSorted()).toEqual(addresses.toSorted());
      });

      test('looks up the first 16 addresses of many.example.test', async () => {
        const found = await resolverOf([servers[name]])(
          'many.example.test',
          AbortSignal.timeout(5_000),
        );
        expect(new Set(found).size).toBe(16);
        expect(MANY).toEqual(expect.arrayContaining([...found]));
      });

      test.each([
        ['absent.example.test.', 'ENOTFOUND'],
        ['text.example.test.', 'ENODATA'],
        ['a.servfail.test.', 'ESERVFAIL'],
      ])('looks up %s: %s', async (queried, code) => {
        const resolving = resolverOf([servers[name]])(queried, AbortSignal.timeout(5_000));
        await expect(resolving).rejects.toMatchObject({ code });
      });

      test('is named if it is one of two in resolv.conf and suspended', async () => {
        const nameservers = () => [servers.dnsmasq.at, servers.CoreDNS.at];
        const target = 'dns:four.example.test';
        expect(await check(target, { nameservers })).toMatchObject({ kind: 'ok' });
        const { at, process } = servers[name];
        await suspend(process);
        try {
          expect(await check(target, { nameservers })).toMatchObject({
            event: 'dns_timeout',
            error: { message: expect.stringContaining(`querying ${at} for A four.example.test`) },
          });
        } finally {
          process.signal('SIGCONT');
        }
        expect(await check(target, { nameservers })).toMatchObject({ kind: 'ok' });
      });
    });

    test('a closed port', async () => {
      const at = `${ADDRESS}:${await closedPort(ADDRESS)}`;
      expect(await check(`dns://${at}/host.example.test`)).toMatchObject({
        event: 'dns_unreachable',
        error: { message: expect.stringContaining('connection refused (ECONNREFUSED)') },
      });
    });
  },
);
