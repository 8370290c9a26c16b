import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkFault } from '../../lab/parts/faults.ts';
import type { IpFamily } from '../../lab/real/fabric.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { run } from '../../lab/support/command.ts';
import { until } from '../../lab/support/until.ts';
import { LIMIT_MS, Network, outcomeOf, ruleset, SYN_AGAIN_MS } from './network-fixture.ts';

const CLUSTERS: [string, readonly IpFamily[]][] = [
  ['10.21', ['IPv4']],
  ['10.22', ['IPv6']],
  ['10.23', ['IPv4', 'IPv6']],
];

describe.skipIf(unavailableReason()).each(CLUSTERS)('a fabric %s of %j', (prefix, families) => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start(prefix, families);
  });
  afterAll(() => network?.close());

  /** What these peers find at each address of pod 2; `begins`: what it finds at pod 1. */
  async function checkAll() {
    const [one, two] = [network.peer('pod-1'), network.peer('pod-2')];
    const operator = network.peer('operator');
    const options = { limitMs: LIMIT_MS };
    const said = await Promise.all(
      network.pod(2).addresses.map(async (address, index) => {
        const other = network.pod(1).addresses[index] ?? '';
        const [get, datagram, upload, begins, ours] = await Promise.all([
          one.get(address, options),
          one.datagram(address, options),
          one.get(address, { ...options, body: 20_000 }),
          two.get(other, options),
          operator.get(address, options),
        ]);
        return {
          get: outcomeOf(get),
          datagram: outcomeOf(datagram),
          upload: outcomeOf(upload),
          begins: outcomeOf(begins),
          operator: outcomeOf(ours),
        };
      }),
    );
    return said;
  }

  const whole = {
    get: 'response',
    datagram: 'response',
    upload: 'response',
    begins: 'response',
    operator: 'response',
  };

  function onEach<T>(value: T): T[] {
    return families.map(() => value);
  }

  test('everyone reaches every pod, and is seen with its own address', async () => {
    const sources = [
      ['pod-1', network.pod(1).addresses],
      ['pod-3', network.pod(3).addresses],
      ['ingress', network.ingress.addresses],
      ['operator', network.fabric.operator],
    ] as const;
    for (const [name, addresses] of sources) {
      for (const [index, address] of network.pod(2).addresses.entries()) {
        const response = await network.peer(name).get(address);
        expect(response.text ?? response.error).toBe(`pod-2 ${addresses[index]}`);
      }
    }
    expect(await checkAll()).toEqual(onEach(whole));
  });

  test('there are only addresses of these families', async () => {
    for (const { enter } of [network.ingress, network.node(1), network.pod(1)]) {
      const addresses = await run([...enter, 'ip', '-brief', 'address', 'show', 'dev', 'eth0']);
      expect(addresses.includes(':') ? 'IPv6' : '').toBe(families.includes('IPv6') ? 'IPv6' : '');
      expect(/\d+\.\d+/.test(addresses) ? 'IPv4' : '').toBe(
        families.includes('IPv4') ? 'IPv4' : '',
      );
    }
  });

  const faults: [NetworkFault, Partial<typeof whole>][] = [
    [{ kind: 'down' }, { get: 'ECONNREFUSED', upload: 'ECONNREFUSED', datagram: 'ECONNREFUSED' }],
    [
      { kind: 'hang' },
      { get: 'timeout when connected', upload: 'timeout when connected', datagram: 'timeout' },
    ],
    [
      { kind: 'reset' },
      {
        get: 'ECONNRESET when connected',
        upload: 'ECONNRESET when connected',
        datagram: 'ECONNREFUSED',
      },
    ],
    [{ kind: 'deaf' }, { get: 'timeout', upload: 'timeout', datagram: 'timeout' }],
    [{ kind: 'mute' }, { begins: 'timeout' }],
    [
      { kind: 'isolated' },
      { get: 'timeout', upload: 'timeout', datagram: 'timeout', begins: 'timeout' },
    ],
    [{ kind: 'mtu-black-hole' }, { upload: 'timeout when connected' }],
  ];

  test.each(faults)('a pod with %j, and healed', async (fault, difference) => {
    const pod = network.pod(2);
    const before = await ruleset(pod);
    await pod.break(fault);
    expect(await checkAll()).toEqual(onEach({ ...whole, ...difference }));
    await pod.break(undefined);
    expect(await checkAll()).toEqual(onEach(whole));
    expect(await ruleset(pod)).toBe(before);
  });

  test('a pod that is slow responds that much later, except to the operator', async () => {
    await network.pod(2).break({ kind: 'slow', milliseconds: 1_000 });
    for (const address of network.pod(2).addresses) {
      const response = await network.peer('pod-1').get(address, { limitMs: 10_000 });
      expect([outcomeOf(response), Math.floor(response.ms / 1_000)]).toEqual(['response', 1]);
      const operator = network.peer('operator');
      await until(
        'the operator is not slowed',
        10_000,
        async () => (await operator.get(address)).ms < 1_000,
      );
    }
    await network.pod(2).break(undefined);
    expect(await checkAll()).toEqual(onEach(whole));
  });
});

describe.skipIf(unavailableReason())('a fabric', () => {
  let network: Network;
  beforeAll(async () => {
    network = await Network.start('10.24', ['IPv4', 'IPv6']);
  });
  afterAll(() => network?.close());

  test('a connection that begins under a fault continues when it is healed', async () => {
    const [address = ''] = network.pod(2).addresses;
    for (const kind of ['hang', 'isolated'] as const) {
      await network.pod(2).break({ kind });
      const result = network.peer('pod-1').get(address, { limitMs: 3 * SYN_AGAIN_MS });
      const early = await network.peer('pod-1').get(address, { limitMs: 100 });
      await network.pod(2).break(undefined);
      expect([kind, early.error, outcomeOf(await result)]).toEqual([kind, 'timeout', 'response']);
    }
  });

  test('a pod that is down or resets cuts its open connections', async () => {
    const [address = ''] = network.pod(2).addresses;
    for (const kind of ['down', 'reset'] as const) {
      await network.peer('pod-1').get(address, { keepAlive: true });
      const open = network.peer('pod-1').get(address, { path: '/hold', keepAlive: true });
      await network.peer('pod-1').get(address);
      await network.pod(2).break({ kind });
      expect([kind, outcomeOf(await open)]).toEqual([kind, 'ECONNRESET when connected']);
      await network.pod(2).break(undefined);
    }
  });

  test('a pod that is deaf receives the response to what it requested before', async () => {
    const [address = ''] = network.pod(1).addresses;
    // After 1 s Node sends a keep-alive probe, which would open the path.
    const options = { path: '/later', keepAlive: true, limitMs: 900 };
    const result = network.peer('pod-2').get(address, options);
    // The request has arrived when a later one gets its response.
    await network.peer('pod-2').get(address);
    await network.pod(2).break({ kind: 'deaf' });
    expect(outcomeOf(await result)).toBe('response');
    await network.pod(2).break(undefined);
  });

  test('the operator resolves the address of an isolated pod again', async () => {
    await network.pod(2).break({ kind: 'isolated' });
    for (const { enter } of [network.pod(2), network.node(2)]) {
      await run([...enter, 'ip', 'neighbour', 'flush', 'all']);
    }
    for (const address of network.pod(2).addresses) {
      expect(outcomeOf(await network.peer('operator').get(address))).toBe('response');
    }
    await network.pod(2).break(undefined);
  });

  test('a fault replaces the last one', async () => {
    const [address = ''] = network.pod(2).addresses;
    await network.pod(2).break({ kind: 'loss', percent: 100 });
    await network.pod(2).break({ kind: 'down' });
    expect(outcomeOf(await network.peer('pod-1').get(address))).toBe('ECONNREFUSED');
    await network.pod(2).break(undefined);
  });

  test('a machine is broken at the ports that are named', async () => {
    const [address = ''] = network.ingress.addresses;
    await network.ingress.break({ kind: 'down' }, [8443]);
    expect(outcomeOf(await network.peer('pod-1').get(address, { port: 8443 }))).toBe(
      'ECONNREFUSED',
    );
    expect(outcomeOf(await network.peer('pod-1').get(address))).toBe('response');
    await network.ingress.break(undefined);
    expect(outcomeOf(await network.peer('pod-1').get(address, { port: 8443 }))).toBe('response');
  });
});
