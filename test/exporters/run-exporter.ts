import { startExports } from '../../exporters/start.ts';
import { exporterSettings } from '../support/exporter-settings.ts';
import { PLAIN_TLS } from '../support/plain-tls.ts';

/*
 * Counts to 7 with the exporter that the argument names, and shuts down. The process exits by
 * itself once nothing is open any more.
 */

const [, , name = ''] = process.argv;
const exports = await startExports({
  names: [name],
  settings: exporterSettings(process.env as Record<string, string>),
  environment: process.env,
  write: (lines) => void process.stdout.write(lines),
  tls: PLAIN_TLS,
  resource: {},
  streams: { isStale: () => false, maxStreams: 100, onDropped: () => {} },
  interval: 3_600_000,
  timeout: 60_000,
  onFailure: (_, error) => {
    throw error;
  },
  onRecovery: () => {},
});
exports.meter('test', '1').createCounter('checks_total').add(7, { type: 'a' });
await exports.shutdown(60_000);
