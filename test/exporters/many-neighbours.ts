import { mock } from 'node:test';
import { startExports } from '../../exporters/start.ts';
import { CheckStates } from '../../src/check-states.ts';
import { createMetrics } from '../../src/metrics.ts';
import { metricsRecorder } from '../../src/recorders.ts';
import { exporterSettings } from '../support/exporter-settings.ts';
import { fakeCheck, ok } from '../support/fake-check.ts';
import { PLAIN_TLS } from '../support/plain-tls.ts';
import { neighbourOn } from '../support/pods.ts';

/*
 * A pod that has seen 6,000 neighbours, 20 at a time, as a separate process (`node --expose-gc`).
 * The argument selects how metrics are exported: `scraped` after each change, or `unscraped`, where
 * only the timer adds up. Prints JSON: `types`, those of the neighbours that are exported at the
 * end, and `growth`, that of the heap over the last 3,000, in bytes, once all code has been
 * compiled.
 */

const AT_ONCE = 20;
const SETS = 300;

const isScraped = process.argv[2] === 'scraped';
mock.timers.enable({ apis: ['setInterval'] });

const states = new CheckStates(0);
const exports = await startExports({
  names: ['prometheus'],
  settings: exporterSettings(),
  environment: {},
  write: () => {},
  tls: PLAIN_TLS,
  resource: {},
  streams: { isStale: states.isStale, maxStreams: 50_000, onDropped: () => {} },
  interval: 60_000,
  timeout: 30_000,
  onFailure: () => {},
  onRecovery: () => {},
});
const metrics = createMetrics({
  meter: exports.meter('kubenurse', '1'),
  boundaries: [0.001, 0.01, 0.1, 1, 10],
  disabled: [],
  exportHealth: { failures: new Map(), droppedSeries: 0 },
  droppedLogLines: () => 0,
  incomingChecks: { count: () => 0 },
  version: '1',
});
const recorder = metricsRecorder(metrics);
const timings = {
  connect_start: 0.001,
  connect_done: 0.002,
  got_conn: 0.002,
  wrote_request: 0.003,
};

/** Meets a set of neighbours, none of which was there before. */
async function meet(set: number): Promise<void> {
  const checks = Array.from({ length: AT_ONCE }, (_, i) => {
    const neighbour = neighbourOn(`node-${set * AT_ONCE + i}`);
    const target = { url: new URL('http://10.0.0.1:8080/alwayshappy'), neighbour };
    return fakeCheck(`path_${neighbour.nodeName}`, { target });
  });
  states.update(checks);
  for (const check of checks) {
    recorder.added?.(check);
    for (let i = 0; i < 3; i += 1) recorder.record({ check, outcome: ok(timings) });
  }
  if (isScraped) await exports.scrape?.('text');
  else {
    mock.timers.tick(60_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (set === SETS - 1) return;
  states.update([]);
  for (const check of checks) recorder.removed?.(check);
}

function heap(): number {
  if (globalThis.gc === undefined) throw new Error('node --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

for (let set = 0; set < SETS / 2; set += 1) await meet(set);
const before = heap();
for (let set = SETS / 2; set < SETS; set += 1) await meet(set);
const growth = heap() - before;

const body = String((await exports.scrape?.('text'))?.body ?? '');
const types = new Set([...body.matchAll(/type="(path_[^"]*)"/g)].map(([, type]) => type));
console.log(JSON.stringify({ types: [...types], growth }));
await exports.shutdown(1_000);
