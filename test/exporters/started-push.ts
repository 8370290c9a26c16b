import { expect, onTestFinished, vi } from 'vitest';
import { startExports } from '../../exporters/start.ts';
import { createCaBundle } from '../../src/probes/ca-bundle.ts';
import { untrusted } from '../../src/tls-verification.ts';
import { exporterSettings } from '../support/exporter-settings.ts';

/** The exports that failed and recovered, as reported to main.ts. */
export type StartedPush = Readonly<{
  failures: { message: string; first: boolean; at: number }[];
  recoveries: { exports: number; milliseconds: number }[];
  /** When each export began, in milliseconds of `performance.now()`. */
  begun: number[];
  shutdown: (milliseconds: number) => Promise<void>;
}>;

/**
 * Pushes one gauge over OTLP, with these variables in the environment, until the test has finished.
 */
export async function startPush(
  variables: Readonly<Record<string, string>>,
  { interval = 50, timeout = 5_000 } = {},
): Promise<StartedPush> {
  // SSL_CERT_FILE is read from the process's environment.
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const push: Omit<StartedPush, 'shutdown'> = { failures: [], recoveries: [], begun: [] };
  const trust = createCaBundle({
    cluster: undefined,
    extraFile: variables.KUBENURSE_EXTRA_CA,
    onMistake: (mistake) => expect.unreachable(mistake),
  });
  onTestFinished(trust.close);
  const exports = await startExports({
    names: ['otlp'],
    settings: exporterSettings(variables),
    environment: {},
    write: () => {},
    tls: { options: trust.verifyOptions, untrusted },
    resource: {},
    streams: { isStale: () => false, maxStreams: 10, onDropped: () => {} },
    interval,
    timeout,
    onFailure: (_, { message }, first) =>
      void push.failures.push({ message, first, at: performance.now() }),
    onRecovery: (_, lost) => void push.recoveries.push(lost),
  });
  onTestFinished(async () => {
    await exports.shutdown(1_000);
    vi.unstubAllEnvs();
  });
  exports
    .meter('test', '1')
    .createObservableGauge('level')
    .addCallback((result) => {
      push.begun.push(performance.now());
      result.observe(1);
    });
  return { ...push, shutdown: exports.shutdown };
}
