import { createConnectionProbe } from './connection-probe.ts';
import { readHostAndPort } from './host-and-port.ts';
import type { Kind } from './kind.ts';
import { traitsOf } from './phases.ts';

/** Checks that connect. */
export const TCP: Kind = {
  form: 'tcp://host:port',
  read: (text) => readHostAndPort('tcp', text),
  traits: (url) => ({ ...traitsOf(url, ['resolve', 'connect']), code: 'ok' }),
  createProbe: createConnectionProbe,
};
