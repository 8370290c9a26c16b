import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import type { Outcome } from '../../src/model.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { checkUrl, serving } from './check-once.ts';

/** More turns of the event loop than a handshake, a request and its response take here. */
const MAX_TURNS = 50;

/** The errors that nobody catches while the test runs. */
function uncaughtErrors(): unknown[] {
  const errors: unknown[] = [];
  const note = (error: unknown) => errors.push(error);
  process.on('uncaughtExceptionMonitor', note);
  onTestFinished(() => void process.off('uncaughtExceptionMonitor', note));
  return errors;
}

/** Resets the connection after this many turns of the event loop. */
async function resetAfter(turns: number, socket: Socket): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
  socket.resetAndDestroy();
}

test.each([
  { scheme: 'http', keeping: 'kept', tls: undefined },
  { scheme: 'http', keeping: 'not kept', tls: undefined },
  { scheme: 'https', keeping: 'kept', tls: serving },
  { scheme: 'https', keeping: 'not kept', tls: serving },
])(
  'httpProbe() survives a reset at any moment ($scheme, connections $keeping)',
  async ({ keeping, tls }) => {
    const uncaught = uncaughtErrors();
    const idle = keeping === 'kept' ? new IdleConnections() : undefined;
    let turns = 0;
    const resets: Promise<void>[] = [];
    const server = await ScriptedServer.start({
      ...(tls ? { tls } : {}),
      onAccept: (socket) => resets.push(resetAfter(turns, socket)),
    });

    const outcomes: Outcome[] = [];
    for (; turns < MAX_TURNS; turns++) {
      outcomes.push(await checkUrl(server.url(), { idle }));
      await Promise.all(resets);
    }

    await until('every connection is closed', 2_000, () => server.open.size === 0);
    expect(uncaught).toEqual([]);
    const kinds = outcomes.map(({ kind }) => kind);
    expect([kinds[0], kinds.at(-1)]).toEqual(['failed', 'ok']);
    const texts = outcomes.flatMap((outcome) =>
      outcome.kind === 'failed' ? [outcome.error.message] : [],
    );
    expect(
      texts.filter((text) => !/: connection (reset|closed) by peer \(\w+\)$/.test(text)),
    ).toEqual([]);
  },
);
