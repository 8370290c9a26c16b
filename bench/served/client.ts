import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile } from '../support/compile.ts';
import type { Attack } from './attacks.ts';

const run = promisify(execFile);

const LIMIT_MS = 120_000;

/** Clients written in C, to disturb the measurement as little as possible. */
export type Clients = Readonly<{
  /**
   * Sends `count` requests, one after another, each 5 ms after the last response; `new`: each over
   * a new connection; `source`: from that address. Resolves to the time of each, in milliseconds.
   */
  request: (
    port: number,
    path: string,
    count: number,
    connections: 'new' | 'keep',
    source?: string,
  ) => Promise<number[]>;
  /**
   * Requests each path in turn, `rate` times per second. Resolves to the number of responses by
   * path and status; 0: no response.
   */
  flood: (
    port: number,
    flood: Readonly<{ paths: readonly string[]; rate: number; seconds: number }>,
  ) => Promise<{ path: string; status: number; responses: number }[]>;
  /** The command of an attacker. */
  attacker: (port: number, kind: NonNullable<Attack['inC']>) => string[];
}>;

/**
 * Builds them with the system's C compiler, in a temporary folder that is removed with the stack.
 */
export async function buildClients(stack: AsyncDisposableStack): Promise<Clients> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const programs = {
    request: await compile(join(import.meta.dirname, 'request.c'), folder),
    flood: await compile(join(import.meta.dirname, 'flood.c'), folder),
    connections: await compile(join(import.meta.dirname, 'connections.c'), folder),
    renewals: await compile(join(import.meta.dirname, 'renewals.c'), folder, ['ssl', 'crypto']),
  };
  const linesOf = async (name: keyof typeof programs, args: readonly (string | number)[]) => {
    const options = { timeout: LIMIT_MS, maxBuffer: 1 << 26 };
    const { stdout } = await run(programs[name], args.map(String), options);
    return stdout.split('\n').filter((line) => line !== '');
  };
  return {
    attacker: (port, kind) =>
      kind === 'renewals'
        ? [programs.renewals, String(port)]
        : [programs.connections, String(port), kind],
    request: async (port, path, count, connections, source = '0.0.0.0') => {
      const lines = await linesOf('request', ['127.0.0.1', port, path, count, connections, source]);
      return lines.map((nanoseconds) => Number(nanoseconds) / 1e6);
    },
    flood: async (port, { paths, rate, seconds }) => {
      const lines = await linesOf('flood', ['127.0.0.1', port, rate, seconds, ...paths]);
      return lines.map((line) => {
        const [path = '', status, responses] = line.split(' ');
        return { path, status: Number(status), responses: Number(responses) };
      });
    },
  };
}
