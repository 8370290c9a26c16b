import { join } from 'node:path';
import { OwnedProcess } from '../../lab/support/owned-process.ts';
import { Lines } from '../../lab/support/program.ts';
import type { Measurement } from './probe.ts';

/** Needs OpenSSL: the libraries `ssl` and `crypto`. */
export const CLIENT_SOURCE = join(import.meta.dirname, 'client.c');

export type ClientOptions = Readonly<{
  /** client.c, compiled. */
  program: string;
  hosts: readonly string[];
  port: number;
  /** The file of the CA that signed their certificates; without it, requests are plain HTTP. */
  authority: string | undefined;
  /** Milliseconds. */
  interval: number;
  /** Where in the interval its rounds begin, from 0 to 1. */
  phaseOffset: number;
  rounds: number;
}>;

/**
 * Runs the client in C until the stack is disposed of. Adds its measurements to `measurements` as
 * they arrive.
 */
export function startClient(
  stack: AsyncDisposableStack,
  options: ClientOptions,
  measurements: Measurement[],
): void {
  const { program, hosts, port, authority, interval, phaseOffset, rounds } = options;
  const counts = hosts.map(() => 0);
  const lines = new Lines();
  lines.listen((line) => {
    const [target = 0, nanoseconds = 0, connect = 0] = line.split(' ').map(Number);
    const number = counts[target] ?? 0;
    counts[target] = number + 1;
    const [milliseconds, handshake] = [nanoseconds / 1e6, connect / 1e6];
    measurements.push({ target, number, milliseconds, handshake, rtt: undefined });
  });
  const numbers = [interval, Math.round(phaseOffset * interval), rounds, port].map(String);
  const client = new OwnedProcess(
    [program, ...numbers, authority ?? '-', ...hosts],
    {},
    (stdout, stderr) => {
      lines.follow(stdout);
      stderr.pipe(process.stderr);
    },
  );
  stack.defer(() => client.stop());
}
