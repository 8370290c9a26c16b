import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fabric } from '../../lab/real/fabric.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { run } from '../../lab/support/command.ts';
import { until } from '../../lab/support/until.ts';
import { LIMIT_MS, Network, outcomeOf, ruleset } from './network-fixture.ts';
import { errorsDuring, Peer } from './network-peers.ts';

describe.skipIf(unavailableReason())('a fabric', () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start('10.27', ['IPv4', 'IPv6']);
  });
  afterAll(() => network?.close());

  /** Which pods reach which: `1>2 2>1 …`, over IPv4 and IPv6 alike. */
  async function reached(): Promise<string> {
    const pairs = [1, 2, 3].flatMap((from) =>
      [1, 2, 3].filter((to) => to !== from).map((to) => [from, to] as const),
    );
    const said = await Promise.all(
      pairs.map(async ([from, to]) => {
        const responses = await Promise.all(
          network
            .pod(to)
            .addresses.map((it) => network.peer(`pod-${from}`).get(it, { limitMs: LIMIT_MS })),
        );
        const all = new Set(responses.map(outcomeOf));
        return all.has('response') && all.size === 1 ? `${from}>${to}` : [];
      }),
    );
    return said.flat().join(' ');
  }

  test('a partition keeps two groups of nodes apart, both ways or one', async () => {
    const groups = { from: [network.node(1)], to: [network.node(2), network.node(3)] };
    const before = await ruleset(network.node(2));
    expect(await reached()).toBe('1>2 1>3 2>1 2>3 3>1 3>2');
    await network.fabric.partition({ ...groups, direction: 'both' });
    expect(await reached()).toBe('2>3 3>2');
    await network.fabric.partition({ ...groups, direction: 'one-way' });
    expect(await reached()).toBe('2>1 2>3 3>1 3>2');
    await network.fabric.partition(undefined);
    expect(await reached()).toBe('1>2 1>3 2>1 2>3 3>1 3>2');
    expect(await ruleset(network.node(2))).toBe(before);
  });

  test.each([
    ['deaf', '1>3 2>1 2>3 3>1'],
    ['mute', '1>2 1>3 3>1 3>2'],
    ['isolated', '1>3 3>1'],
  ] as const)('a node that is %s breaks its pods, but not for the operator', async (kind, left) => {
    const [address = ''] = network.pod(2).addresses;
    await network.node(2).break({ kind });
    expect(await reached()).toBe(left);
    expect(outcomeOf(await network.peer('operator').get(address))).toBe('response');
    await network.node(2).break(undefined);
    expect(await reached()).toBe('1>2 1>3 2>1 2>3 3>1 3>2');
  });

  describe('an impaired link', () => {
    test('delays both ways, and is normal again afterwards', async () => {
      const [address = ''] = network.pod(2).addresses;
      await network.node(2).impair({ delayMs: 250 });
      // There and back for the connection, there and back for the response.
      await until('a response comes 1 to 2 s later', 10_000, async () => {
        const slow = await network.peer('pod-1').get(address, { limitMs: 10_000 });
        expect([outcomeOf(slow), slow.ms >= 1_000]).toEqual(['response', true]);
        return slow.ms < 2_000;
      });
      await network.node(2).impair(undefined);
      const peer = network.peer('pod-1');
      await until('it is plain again', 10_000, async () => (await peer.get(address)).ms < 500);
      expect(await run(['ip', '-brief', 'link'])).not.toContain('-a@');
    });

    test('loses the given share of packets', async () => {
      const [address = ''] = network.pod(2).addresses;
      await network.node(2).impair({ lossPercent: 50 });
      const options = { limitMs: 3_000 };
      const responses = await Promise.all(
        Array.from({ length: 400 }, () => network.peer('pod-1').datagram(address, options)),
      );
      await network.node(2).impair(undefined);
      const received = responses.filter(({ error }) => error === undefined).length;
      // A quarter, 100, give or take five standard deviations.
      expect(Math.abs(received - 100)).toBeLessThan(43);
    });

    test('loses no packet when the impairment changes', async () => {
      const [address = ''] = network.pod(2).addresses;
      const errors = await errorsDuring(
        () => network.peer('pod-1').datagram(address, { limitMs: 5_000 }),
        async () => {
          for (let time = 0; time < 10; time++) {
            await network.node(2).impair({ delayMs: 20 });
            await network.node(2).impair(undefined);
          }
        },
      );
      expect(errors).toEqual([]);
    });

    test.each(['/bytes/2000000', undefined])(
      'delivers intact what is reordered and lost (%s)',
      async (path) => {
        const [, address = ''] = network.pod(2).addresses;
        await network.node(2).impair({ delayMs: 5, jitterMs: 4, lossPercent: 1 });
        const options = path === undefined ? { body: 2_000_000 } : { path };
        const response = await network.peer('pod-1').get(address, { ...options, limitMs: 30_000 });
        await network.node(2).impair(undefined);
        expect(response.text ?? response.error).toBe('intact');
      },
    );

    test('breaks no connection when the impairment changes', async () => {
      const [address = ''] = network.pod(2).addresses;
      const options = { path: '/bytes/40000000', limitMs: 20_000 };
      const response = network.peer('pod-1').get(address, options);
      for (const impairment of [{ delayMs: 5 }, undefined, { delayMs: 3, jitterMs: 2 }, {}]) {
        await network.node(2).impair(impairment);
      }
      await network.node(2).impair(undefined);
      expect((await response).text).toBe('intact');
    });
  });

  test('a program entered with mounts sees them, and is the process that was started', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'mounts-'));
    await writeFile(join(directory, 'resolv.conf'), 'nameserver 10.27.255.10\n');
    const account = await mkdtemp(join(directory, 'account-'));
    await writeFile(join(account, 'token'), 'first');
    const place = '/var/run/secrets/kubernetes.io/serviceaccount';
    const pod = await network.node(1).addPod();
    const enter = pod.enterWith([
      { from: join(directory, 'resolv.conf'), to: '/etc/resolv.conf' },
      { from: account, to: place },
    ]);
    const peer = await Peer.start('mounted', enter);
    const read = async (file: string) => (await peer.request({ kind: 'read', file })).text;
    expect(await read('/etc/resolv.conf')).toBe('nameserver 10.27.255.10\n');
    expect(await read(`${place}/token`)).toBe('first');
    await writeFile(join(account, 'next'), 'second');
    await rename(join(account, 'next'), join(account, 'token'));
    expect(await read(`${place}/token`)).toBe('second');
    expect((await read('/proc/self/stat'))?.split(' ')[0]).toBe(`${peer.pid}`);
    await peer.stop();
    await pod.close();
  });

  test('leaves nothing behind when it is closed', async () => {
    const other = await Fabric.create('10.25', ['IPv4', 'IPv6']);
    const [node] = await Promise.all([other.addNode(1), other.addMachine('dns', 13)]);
    const pod = await node.addPod();
    await Promise.all([node.impair({ delayMs: 1 }), pod.break({ kind: 'loss', percent: 1 })]);
    const links = async () => `${await run(['ip', 'netns'])}${await run(['ip', '-br', 'link'])}`;
    expect(await links()).toContain('10-25');
    await other.close();
    expect(await links()).not.toContain('10-25');
  });
});
