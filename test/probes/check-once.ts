import { createSecureContext } from 'node:tls';
import { expect } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import type { Outcome } from '../../src/model.ts';
import { createHttpProbe, type HttpOptions } from '../../src/probes/http.ts';
import type { KindOptions } from '../../src/probes/kind.ts';
import { createProbe, readTarget } from '../../src/probes/kinds.ts';
import { errorEventOf, type Phase } from '../../src/probes/phases.ts';
import type { TraceEvent } from '../../src/probes/progress.ts';
import { TLS_CLIENT } from '../../src/tls-verification.ts';

/** The CA that the probe of `checkUrl` trusts. */
export const authority = await CertificateAuthority.create('the test');

/** The certificate of a server on this machine, with the names that the tests use. */
export const serving = await authority.issue({
  commonName: 'serving',
  dnsNames: ['server.test', 'other.test'],
  ipAddresses: ['127.0.0.1', '::1'],
});

const secureContext = createSecureContext({ ...TLS_CLIENT, ca: authority.certificate });

const DEFAULTS: KindOptions = {
  nameservers: () => [],
  resolve: async () => ['127.0.0.1'],
  secureContext: () => secureContext,
  insecure: false,
  userAgent: 'test/1',
};

/** More than any of these requests takes. */
const TIMEOUT_MS = 8_000;

/**
 * Checks once, with a probe that resolves every name to 127.0.0.1 and trusts `authority`, unless
 * the options say otherwise.
 */
export function checkUrl(
  url: URL,
  options: Partial<HttpOptions> & { signal?: AbortSignal } = {},
): Promise<Outcome> {
  const { signal = AbortSignal.timeout(TIMEOUT_MS), ...given } = options;
  return createHttpProbe({ ...DEFAULTS, ...given })({ url }, signal);
}

/** Checks a target once, written as in KUBENURSE_EXTRA_CHECKS, with the same defaults. */
export function check(
  text: string,
  options: Partial<KindOptions> & { signal?: AbortSignal } = {},
): Promise<Outcome> {
  const { signal = AbortSignal.timeout(TIMEOUT_MS), ...given } = options;
  return createProbe({ ...DEFAULTS, ...given })({ url: readTarget(text) }, signal);
}

/** The events of the outcome in the order in which they were reached. */
export function events({ timings }: Outcome): TraceEvent[] {
  return Object.keys(timings) as TraceEvent[];
}

const PHASES: readonly Phase[] = ['resolve', 'connect', 'handshake', 'request', 'response'];

/** The failed phase, the text and the original error; the test fails if nothing failed. */
export function failed(outcome: Outcome): { phase: string; text: string; cause: unknown } {
  expect(outcome).toMatchObject({ kind: 'failed' });
  const { event, error } = outcome as Extract<Outcome, { kind: 'failed' }>;
  const phase = PHASES.find((each) => errorEventOf(each) === event) ?? event;
  return { phase, text: error.message, cause: error.cause };
}
