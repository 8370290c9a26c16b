import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import { endVerificationAtError, limitLength } from './certificate-limits.ts';
import { limitMessages } from './message-limits.ts';
import { addressOf, loadOpenSsl } from './openssl.ts';

/**
 * From now on, limits how much CPU time a server can take from this process by what it sends over
 * TLS: within OpenSSL's own limits, one handshake can block the event loop for 40 s (measured), and
 * Node has no settings for them. Rejects if OpenSSL's functions cannot be called: without
 * `node:ffi`, or with another build of Node.
 */
export async function limitOpenSsl(): Promise<void> {
  const openssl = await loadOpenSsl();
  const settings = [
    limitLength(openssl),
    endVerificationAtError(openssl),
    await limitMessages(openssl),
  ];
  const { createSecureContext } = tls;
  // Node uses this function for every context that it is not given.
  tls.createSecureContext = (options) => {
    const context = createSecureContext(options);
    const address = addressOf(context);
    for (const set of settings) set(address);
    return context;
  };
  syncBuiltinESMExports();
}
