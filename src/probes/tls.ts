import { createConnectionProbe } from './connection-probe.ts';
import { readHostAndPort } from './host-and-port.ts';
import type { Kind } from './kind.ts';
import { traitsOf } from './phases.ts';

/**
 * Checks that connect, complete a TLS handshake, and verify the server's certificate as those of
 * https URLs do.
 */
export const TLS: Kind = {
  form: 'tls://host:port',
  read: (text) => readHostAndPort('tls', text),
  traits: (url) => ({ ...traitsOf(url, ['resolve', 'connect', 'handshake']), code: 'ok' }),
  createProbe: createConnectionProbe,
};
