import { execFileSync } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { ServerProcess } from '../../lab/support/server-process.ts';
import { suspend } from '../../lab/support/suspend.ts';
import { missingTools, tool } from '../../lab/tools/tool.ts';
import type { Outcome } from '../../src/model.ts';
import type { Transport } from '../../src/probes/dns-exchange.ts';
import { createNameServerProbe } from '../../src/probes/name-server.ts';
import { freePort } from '../support/start-program.ts';

const NAME = 'kubernetes.default.svc.cluster.local';
const MANY = 'many.svc.cluster.local';
/** More than a packet of 512 bytes holds. */
const ADDRESSES = Array.from({ length: 60 }, (_, index) => `10.96.1.${index}`);
const RECORDS = { [NAME]: ['10.96.0.1'], [MANY]: ADDRESSES };
const ADDRESS = '127.0.0.1';

type Server = Readonly<{ port: number; process: ServerProcess }>;

/** What the tested servers are started with. `known`, `failing`: ports to forward queries to. */
type Started = Readonly<{ folder: string; known: number; failing: number }>;

async function knows(port: number): Promise<boolean> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`${ADDRESS}:${port}`]);
  return resolver.resolve4(NAME).then(
    () => true,
    () => false,
  );
}

/** Refuses names outside the cluster's domain, because it has no server to forward them to. */
async function dnsmasq({ folder, failing }: Started): Promise<Server> {
  const port = await freePort();
  const hosts = join(folder, 'hosts');
  const lines = Object.entries(RECORDS).flatMap(([name, all]) =>
    all.map((each) => `${each} ${name}`),
  );
  await writeFile(hosts, `${lines.join('\n')}\n`);
  const process = await ServerProcess.start(
    'dnsmasq',
    [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root'],
      ...['--log-facility=-', '--bind-interfaces', `--listen-address=${ADDRESS}`, `--port=${port}`],
      ...['--no-resolv', '--no-hosts', `--addn-hosts=${hosts}`, '--local=/svc.cluster.local/'],
      `--server=/servfail.cluster.local/${ADDRESS}#${failing}`,
    ],
    { ready: () => knows(port) },
  );
  return { port, process };
}

/** Forwards queries for names in the cluster's domain, and refuses all others. */
async function coredns({ folder, known, failing }: Started): Promise<Server> {
  const port = await freePort();
  const corefile = join(folder, 'Corefile');
  const zone = (name: string, to: number) => `${name}:${port} {\n  forward . ${ADDRESS}:${to}\n}\n`;
  await writeFile(
    corefile,
    zone('svc.cluster.local', known) + zone('servfail.cluster.local', failing),
  );
  const process = await ServerProcess.start(tool('coredns'), ['-conf', corefile], {
    ready: () => knows(port),
  });
  return { port, process };
}

const hasDnsmasq = () => {
  try {
    execFileSync('dnsmasq', ['--version']);
    return true;
  } catch {
    return false;
  }
};

const SERVERS = [
  ['dnsmasq', dnsmasq, hasDnsmasq() ? undefined : 'dnsmasq is not installed'],
  ['CoreDNS', coredns, missingTools(['coredns']).length > 0 ? 'coredns is not built' : undefined],
] as const;

for (const [name, start, reason] of SERVERS) {
  describe.skipIf(reason)(`a check of ${name}${reason ? `: ${reason}` : ''}`, () => {
    const stack = new AsyncDisposableStack();
    afterAll(() => stack.disposeAsync());
    let server: Server;

    beforeAll(async () => {
      const folder = await mkdtemp(join(tmpdir(), 'name-server-'));
      stack.defer(() => rm(folder, { recursive: true }));
      const records = RECORDS;
      const known = await DnsServer.start({ address: ADDRESS, port: 0, records });
      stack.defer(() => known.close());
      const failing = await DnsServer.start({ address: ADDRESS, port: 0, records });
      stack.defer(() => failing.close());
      failing.break('servfail');
      server = await start({ folder, known: known.port, failing: failing.port });
      stack.defer(() => server.process.stop());
    });

    const query = (transport: Transport, queried: string): Promise<Outcome> => {
      const at = { address: ADDRESS, port: server.port };
      const probe = createNameServerProbe({
        server: at,
        transport,
        type: 'A',
        names: () => [queried],
      });
      return probe({ url: new URL('dns:unused') }, AbortSignal.timeout(8_000));
    };

    describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
      test.each([
        ['the name', NAME, 'ok'],
        ['more records than a packet of UDP holds', MANY, 'ok'],
        ['a name that there is not', 'absent.svc.cluster.local', 'dns_nxdomain'],
        ['a name that it refuses', 'www.example.com', 'dns_refused'],
      ])('%s', async (_, queried, expected) => {
        const outcome = await query(transport, queried);
        expect(outcome.kind === 'ok' ? 'ok' : outcome.event).toBe(expected);
      });

      test('silent', async () => {
        await suspend(server.process);
        try {
          expect(await query(transport, NAME)).toMatchObject({ event: 'dns_timeout' });
        } finally {
          server.process.signal('SIGCONT');
        }
        expect(await query(transport, NAME)).toMatchObject({ kind: 'ok' });
      });
    });

    test('a name for which it gets no response', async () => {
      const outcomes = await Promise.all([
        query('udp', 'a.servfail.cluster.local'),
        query('tcp', 'a.servfail.cluster.local'),
      ]);
      for (const outcome of outcomes) expect(outcome).toMatchObject({ event: 'dns_servfail' });
    });
  });
}
