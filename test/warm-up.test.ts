import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Outcome } from '../src/model.ts';
import { warmUp, warmUpSource } from '../src/warm-up.ts';
import { checkUrl } from './probes/check-once.ts';
import { failed, ok } from './support/fake-check.ts';
import { servePages } from './support/served-pages.ts';

/** The URLs that `warmUp()` requests if the server listens on this address. */
async function requestedUrls(address: string, outcome: Outcome = ok()): Promise<string[]> {
  const urls: string[] = [];
  const probe = async ({ url }: { url: URL }) => {
    urls.push(url.href);
    return outcome;
  };
  await warmUp(probe, { address, port: 8080, family: '' } satisfies AddressInfo);
  return urls;
}

test.each([
  ['::', 'http://127.0.0.1:8080/alwayshappy'],
  ['0.0.0.0', 'http://127.0.0.1:8080/alwayshappy'],
  ['10.1.0.7', 'http://10.1.0.7:8080/alwayshappy'],
  ['fd00::7', 'http://[fd00::7]:8080/alwayshappy'],
])('warmUp() sends a request to its own server if that listens on %s', async (address, url) => {
  expect(await requestedUrls(address)).toEqual([url]);
  expect(await requestedUrls(address, failed('connect'))).toEqual([url]);
});

test.each([
  [undefined, '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
  ['10.1.0.7', '127.0.0.1'],
  ['::1', '::1'],
  ['fd00::7', '::1'],
])('the source of warmUp() is loopback if the server listens on %s', (address, source) => {
  expect(warmUpSource(address)).toBe(source);
});

test('a check of the pod’s own address from another one, as in warmUp(), leaves that address idle', async () => {
  const clients: string[] = [];
  const address = '127.0.7.7';
  const { port } = await servePages(
    {
      '/alwayshappy': (context) => {
        clients.push(context.socket.remoteAddress ?? '');
        context.body = '';
      },
    },
    address,
  );
  const url = new URL(`http://${address}:${port}/alwayshappy`);
  await checkUrl(url, { localAddress: warmUpSource(address) });
  await checkUrl(url, { localAddress: address });
  expect(clients).toEqual(['127.0.0.1', address]);
});

test('warmUp() waits no longer than 100 ms', async () => {
  const begun = performance.now();
  await warmUp(
    (_, signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(failed('connect')));
      }),
    { address: '::', port: 8080, family: 'IPv6' },
  );
  expect(performance.now() - begun).toBeGreaterThan(90);
});
