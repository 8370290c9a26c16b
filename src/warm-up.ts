import { type AddressInfo, isIPv6 } from 'node:net';
import type { Probe } from './model.ts';

/** In milliseconds: it takes two or three, and no round is to wait for it long. */
const TIMEOUT_MS = 100;

/**
 * Asks ourselves, by the address that we listen on, or by the loopback where that is every address. Resolves whatever
 * comes of it: what counts is that all that a check runs through has just been run.
 */
export async function warmUp(probe: Probe, { address, port }: AddressInfo): Promise<void> {
  const isEvery = address === '::' || address === '0.0.0.0';
  const host = isIPv6(address) ? `[${address}]` : address;
  const url = new URL(`http://${isEvery ? '127.0.0.1' : host}:${port}/alwayshappy`);
  await probe({ url }, AbortSignal.timeout(TIMEOUT_MS));
}
