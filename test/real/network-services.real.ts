import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PodNetwork } from '../../lab/real/node-network.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { LIMIT_MS, Network, outcomeOf, SYN_AGAIN_MS } from './network-fixture.ts';
import { errorsDuring, Peer } from './network-peers.ts';

describe.skipIf(unavailableReason())('a service', () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start('10.26', ['IPv4', 'IPv6']);
  });
  afterAll(() => network?.close());

  const PORT = 80;
  const addresses = ['10.26.255.20', 'fd00:10:26:ffff::20'];

  function serve(...pods: PodNetwork[]): Promise<void> {
    const backends = pods.flatMap((pod) =>
      pod.addresses.map((address) => ({ address, port: 8080 })),
    );
    const service = { name: 'kubenurse', addresses, port: PORT, backends };
    return network.fabric.services.set([
      { ...service, protocol: 'TCP' },
      { ...service, protocol: 'UDP' },
    ]);
  }

  /**
   * Which programs responded to 40 requests; the chance that one of three gets none is 1 in
   * 10,000,000.
   */
  async function respondents(peer: Peer, address: string): Promise<string[]> {
    const responses = await Promise.all(
      Array.from({ length: 40 }, () => peer.get(address, { port: PORT })),
    );
    const names = responses.map(({ text, error }) => text?.split(' ')[0] ?? error ?? '');
    return [...new Set(names)].toSorted();
  }

  test.each(addresses)('%s spreads its connections over its backends', async (address) => {
    await serve(...network.pods);
    const everyone = ['pod-1', 'pod-2', 'pod-3'];
    expect(await respondents(network.peer('pod-1'), address)).toEqual(everyone);
    await serve(network.pod(2), network.pod(3));
    expect(await respondents(network.peer('pod-1'), address)).toEqual(['pod-2', 'pod-3']);
    expect(outcomeOf(await network.peer('pod-1').datagram(address, { port: PORT }))).toBe(
      'response',
    );
  });

  test.each(addresses)('%s loses no packet when its backends change', async (address) => {
    await serve(...network.pods);
    const datagram = () => network.peer('pod-1').datagram(address, { port: PORT, limitMs: 5_000 });
    const errors = await errorsDuring(datagram, async () => {
      for (let time = 0; time < 60; time++) await serve(network.pod(1 + (time % 3)));
    });
    expect(errors).toEqual([]);
  });

  test.each(addresses)('%s refuses when it has no backend', async (address) => {
    await serve();
    // Over IPv6, Linux ignores a reject that arrives before `connect` has returned, as here, but
    // not the next one.
    const options = { port: PORT, limitMs: LIMIT_MS + SYN_AGAIN_MS };
    expect(outcomeOf(await network.peer('pod-1').get(address, options))).toBe('ECONNREFUSED');
    expect(outcomeOf(await network.peer('pod-1').datagram(address, options))).toBe('ECONNREFUSED');
    await serve(network.pod(2));
    expect(outcomeOf(await network.peer('pod-1').get(address, options))).toBe('response');
  });

  test.each(addresses)('%s connects a pod to itself', async (address) => {
    await serve(network.pod(1));
    const response = await network.peer('pod-1').get(address, { port: PORT, limitMs: LIMIT_MS });
    const node = network.node(1).addresses[addresses.indexOf(address)];
    expect(response.text ?? response.error).toBe(`pod-1 ${node}`);
  });

  test.each(addresses)(
    '%s connects a pod to another of its node, even while its rules are replaced',
    async (address) => {
      const pod = await network.node(1).addPod();
      const beside = await Peer.start('beside', pod.enter);
      await serve(pod);
      const get = () => network.peer('pod-1').get(address, { port: PORT, limitMs: 5_000 });
      const errors = await errorsDuring(get, async () => {
        for (let time = 0; time < 60; time++) await serve(pod);
      });
      expect(errors).toEqual([]);
      await beside.stop();
      await pod.close();
    },
  );

  test('is available to a pod on a node that joins later, and to the node itself', async () => {
    await serve(network.pod(1));
    const node = await network.fabric.addNode(4);
    const pod = await node.addPod();
    for (const enter of [pod.enter, node.enter]) {
      const peer = await Peer.start('late', enter);
      for (const address of addresses) {
        expect(outcomeOf(await peer.get(address, { port: PORT, limitMs: LIMIT_MS }))).toBe(
          'response',
        );
      }
      await peer.stop();
    }
    await node.close();
    await serve(network.pod(2));
  });

  test.each(addresses)('%s breaks and heals', async (address) => {
    await serve(network.pod(2));
    const { services } = network.fabric;
    const expected = {
      down: ['ECONNREFUSED', 'ECONNREFUSED'],
      hang: ['timeout when connected', 'timeout'],
      reset: ['ECONNRESET when connected', 'ECONNREFUSED'],
    };
    const options = { port: PORT, limitMs: LIMIT_MS };
    const outcomes = async (peer: Peer) => [
      outcomeOf(await peer.get(address, options)),
      outcomeOf(await peer.datagram(address, options)),
    ];
    for (const kind of ['down', 'hang', 'reset'] as const) {
      await services.break('kubenurse', { kind });
      const [other, same] = await Promise.all([
        outcomes(network.peer('pod-1')),
        outcomes(network.peer('pod-2')),
      ]);
      expect([kind, other, same]).toEqual([kind, expected[kind], expected[kind]]);
    }
    await services.break('kubenurse', { kind: 'slow', milliseconds: 150 });
    for (const name of ['pod-1', 'pod-2']) {
      const response = await network.peer(name).get(address, options);
      expect([outcomeOf(response), Math.floor(response.ms / 150)]).toEqual(['response', 1]);
    }
    await services.break('kubenurse', undefined);
    const healed = await network.peer('pod-1').get(address, options);
    expect([outcomeOf(healed), healed.ms < 100]).toEqual(['response', true]);
  });
});
