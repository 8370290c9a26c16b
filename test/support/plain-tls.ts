import type { Tls } from '../../exporters/exporter.ts';

/** The TLS options of an exporter that opens no TLS connection in a test. */
export const PLAIN_TLS: Tls = { options: (own) => own, untrusted: () => undefined };
