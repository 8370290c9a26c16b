import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Connections } from '../../src/connections.ts';
import type { FloodFilter } from '../../src/flood-filter.ts';
import { RateLimiter } from '../../src/rate-limiter.ts';
import { createSocketLimits } from '../../src/socket-limits.ts';

const limits = await createSocketLimits();

/** The same as the program's. */
const BACKLOG = 2_048;

/** A server whose connections `Connections` admits, and its clients; all end with the test. */
export async function admittedConnections(
  {
    host,
    allowHalfOpen = false,
    hasManyOrphans = false,
    filterFloods = () => () => false,
  }: Readonly<{
    host: string;
    allowHalfOpen?: boolean;
    hasManyOrphans?: boolean;
    filterFloods?: FloodFilter;
  }>,
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; open: (options: Partial<NetConnectOpts>) => Socket }> {
  const calls = { ...limits, hasManyOrphans: () => hasManyOrphans };
  const connections = new Connections(2_000, calls, filterFloods);
  const server = createServer({ allowHalfOpen }, (socket) => {
    onConnection(socket.on('error', () => {}));
  }).listen({ port: 0, host, backlog: BACKLOG });
  const clients: Socket[] = [];
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    connections.destroyAll();
    server.close();
  });
  await once(server, 'listening');
  connections.admitTo(server, new RateLimiter({ window: 100, budget: 10_000, burst: 1 }));
  const { port } = server.address() as { port: number };
  const open = (options: Partial<NetConnectOpts>) => {
    const client = connect({ port, allowHalfOpen, ...options } as NetConnectOpts);
    clients.push(client.on('error', () => {}));
    return client;
  };
  return { port, open };
}
