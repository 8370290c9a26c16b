import { type AddressInfo, isIPv6 } from 'node:net';
import type { Probe } from './model.ts';
import { toUrlHost } from './url-host.ts';

/** In milliseconds: it takes two or three, and must not delay a round. */
const TIMEOUT_MS = 100;

/**
 * The source address of these requests where the server listens on this address (default: every one): a loopback one. The pod's own
 * address is the source of its `me_service` check as well, which would then wait, in the server's queue, behind attackers.
 */
export function warmUpSource(listenAddress = '::'): string {
  return isIPv6(listenAddress) && listenAddress !== '::' ? '::1' : '127.0.0.1';
}

/**
 * Probes the pod itself to warm caches, at the address that it listens on, or at loopback if that is every address. The
 * result is ignored.
 */
export async function warmUp(probe: Probe, { address, port }: AddressInfo): Promise<void> {
  const isEvery = address === '::' || address === '0.0.0.0';
  const url = new URL(`http://${isEvery ? '127.0.0.1' : toUrlHost(address)}:${port}/alwayshappy`);
  await probe({ url }, AbortSignal.timeout(TIMEOUT_MS));
}
