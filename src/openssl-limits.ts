import { syncBuiltinESMExports } from 'node:module';
import tls from 'node:tls';
import { endVerificationAtError, limitLength } from './certificate-limits.ts';
import { limitMessages } from './message-limits.ts';
import { addressOf, loadOpenSsl } from './openssl.ts';

/**
 * From now on, no server takes the CPU of this process by what it sends in TLS: OpenSSL's own limits let one handshake hold the
 * event loop for 40 s (measured), and Node has no settings for them. Rejects where OpenSSL's functions cannot be called: no
 * `node:ffi`, or another build of Node.
 */
export async function limitOpenSsl(): Promise<void> {
  const openssl = await loadOpenSsl();
  const settings = [
    limitLength(openssl),
    endVerificationAtError(openssl),
    await limitMessages(openssl),
  ];
  const { createSecureContext } = tls;
  // By this function, Node makes every context that it is not given.
  tls.createSecureContext = (options) => {
    const context = createSecureContext(options);
    const address = addressOf(context);
    for (const set of settings) set(address);
    return context;
  };
  syncBuiltinESMExports();
}
