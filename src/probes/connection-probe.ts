import type { Probe } from '../model.ts';
import { CheckClock } from './check-clock.ts';
import { openConnection } from './connection.ts';
import { failure } from './failure.ts';
import type { ProbeOptions } from './kind.ts';
import { errorEventOf } from './phases.ts';
import { Progress } from './progress.ts';
import { TcpAccount } from './tcp-account.ts';

/** Offers no protocol by ALPN: which one the connection is for is not known. */
const NO_PROTOCOLS: readonly string[] = [];

/** A probe that opens a connection, as `openConnection()` does, and closes it. */
export function createConnectionProbe(options: ProbeOptions): Probe {
  return async ({ url }, signal) => {
    using clock = new CheckClock(options.clocks);
    const progress = new Progress(new TcpAccount(options.readTcpInfo), clock);
    try {
      const { socket } = await openConnection(url, options, progress, signal, NO_PROTOCOLS);
      const duration = (clock.now() - progress.start) / 1000;
      progress.tcp.done(socket);
      socket.destroySoon();
      return { kind: 'ok', code: 'ok', duration, ...progress.measured };
    } catch (error) {
      const { phase, tcp } = progress;
      const failed = failure({ phase, url, peer: undefined, error, tcp: tcp.last });
      return { kind: 'failed', event: errorEventOf(phase), ...failed, ...progress.measured };
    }
  };
}
