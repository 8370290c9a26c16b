import { expect, test } from 'vitest';
import { layoutOf } from './layout.ts';
import { atOneAddress, isMissing } from './one-address.ts';

test('atOneAddress() has a port for every part, pod and program of a layout', () => {
  const layout = layoutOf('127.0', true);
  const { apiServer, service, ingress, dns } = layout;
  const pods = Array.from({ length: 50 }, (_, index) =>
    [0, 1].map((slot) => layout.pod(index + 1, slot)),
  ).flat();
  const listeners = [
    ...[apiServer, service, ingress, dns],
    ...pods.flatMap(({ pod, program }) =>
      [pod, program].map((address) => ({ address, port: 8080 })),
    ),
  ];
  const redirected = listeners.map(atOneAddress);

  expect(new Set(redirected.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']));
  expect(new Set(redirected.map(({ port }) => port)).size).toBe(listeners.length);
  expect(Math.max(...redirected.map(({ port }) => port))).toBeLessThan(32_768);
});

test('atOneAddress() keeps other ports, and addresses that are none of loopback', () => {
  expect(atOneAddress({ address: '127.0.0.12', port: 50_123 })).toEqual({
    address: '127.0.0.1',
    port: 50_123,
  });
  for (const backend of [
    { address: '192.0.2.1', port: 8080 },
    { address: '::1', port: 8080 },
    { address: '127.0.0.1', port: 8080 },
  ]) {
    expect(atOneAddress(backend)).toEqual(backend);
  }
});

test('isMissing() is true of an address that no interface has', async () => {
  expect(await isMissing('127.0.0.1')).toBe(false);
  expect(await isMissing('192.0.2.1')).toBe(true);
});
