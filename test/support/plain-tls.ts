import type { Tls } from '../../exporters/exporter.ts';

/** What an exporter that opens no TLS connection in a test is made with. */
export const PLAIN_TLS: Tls = { options: (own) => own, untrusted: () => undefined };
