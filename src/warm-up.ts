import type { AddressInfo } from 'node:net';
import type { Probe } from './model.ts';
import { toUrlHost } from './url-host.ts';

/** In milliseconds: it takes two or three, and must not delay a round. */
const TIMEOUT_MS = 100;

/**
 * Probes the pod itself to warm caches, at the address that it listens on, or at loopback if that is every address. The
 * result is ignored.
 */
export async function warmUp(probe: Probe, { address, port }: AddressInfo): Promise<void> {
  const isEvery = address === '::' || address === '0.0.0.0';
  const url = new URL(`http://${isEvery ? '127.0.0.1' : toUrlHost(address)}:${port}/alwayshappy`);
  await probe({ url }, AbortSignal.timeout(TIMEOUT_MS));
}
