import { createSecureContext } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import type { Outcome } from '../../src/model.ts';
import { openConnection } from '../../src/probes/connection.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { Progress } from '../../src/probes/progress.ts';
import { OK } from '../support/scripted-server.ts';
import { startThreadServer } from '../support/thread-server.ts';
import { authority, checkUrl, events, serving } from './check-once.ts';

const context = createSecureContext({ ca: authority.certificate });

/** Longer than the server takes to respond. */
const BUSY_MS = 20;

/** Calls `begin`, then keeps the thread busy, so that the response is there when it next polls. */
function busyAfter(begin: () => Promise<Outcome>): Promise<Outcome> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(begin()));
    setImmediate(() => {
      const end = performance.now() + BUSY_MS;
      while (performance.now() < end);
    });
  });
}

const schemes = [
  { scheme: 'http', tls: undefined },
  { scheme: 'https', tls: { cert: serving.certificate, key: serving.key } },
];

test.each(schemes)(
  'httpProbe() records when the request was written, even if the response is there first ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[0, OK]]);
    const idle = new IdleConnections();
    onTestFinished(() => idle.close());
    await checkUrl(url, { idle });

    for (let i = 0; i < 10; i++) {
      const outcome = await busyAfter(() => checkUrl(url, { idle }));

      expect(events(outcome)).toEqual(['got_conn', 'wrote_request', 'got_first_resp_byte']);
      const { duration } = outcome as { duration: number };
      const times = [...Object.values(outcome.timings), duration];
      expect(times.toSorted((a, b) => a - b)).toEqual(times);
    }
  },
);

test.each(schemes)(
  'httpProbe() records that even if the response is not HTTP ($scheme)',
  async ({ tls }) => {
    const url = await startThreadServer(tls, [[0, 'x']]);
    const idle = new IdleConnections();
    onTestFinished(() => idle.close());
    const network = {
      resolve: async () => ['127.0.0.1'],
      secureContext: () => context,
      insecure: false,
    };
    idle.keep(
      url.origin,
      await openConnection(url, network, new Progress(), new AbortController().signal),
    );

    const outcome = await busyAfter(() => checkUrl(url, { idle }));

    expect(outcome).toMatchObject({ kind: 'failed', event: 'round_trip_error' });
    expect(events(outcome)).toEqual(['got_conn', 'wrote_request', 'got_first_resp_byte']);
  },
);
