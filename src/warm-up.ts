import { type AddressInfo, isIPv6 } from 'node:net';
import type { Probe } from './model.ts';
import { toUrlHost } from './url-host.ts';

/** In milliseconds: a warm-up takes two or three, and must not delay a round. */
const TIMEOUT_MS = 100;

/**
 * The source address of these requests for a server that listens on this address (default: on all):
 * a loopback address. The pod's own address is also the source of its `me_service` check, which
 * would then wait behind attackers in the server's queue.
 */
export function warmUpSource(listenAddress = '::'): string {
  return isIPv6(listenAddress) && listenAddress !== '::' ? '::1' : '127.0.0.1';
}

/**
 * Probes the pod itself to warm caches, at the address that it listens on, or at loopback if that
 * is every address. Ignores the result.
 */
export async function warmUp(probe: Probe, { address, port }: AddressInfo): Promise<void> {
  const isEvery = address === '::' || address === '0.0.0.0';
  const url = new URL(`http://${isEvery ? '127.0.0.1' : toUrlHost(address)}:${port}/alwayshappy`);
  await probe({ url }, AbortSignal.timeout(TIMEOUT_MS));
}
