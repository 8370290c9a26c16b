import { once } from 'node:events';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { Connections } from '../../src/connections.ts';
import { RateLimiter } from '../../src/rate-limiter.ts';
import { createSocketLimits } from '../../src/socket-limits.ts';

const limits = await createSocketLimits();

/** A server whose connections `Connections` admits, and clients of it; all of them end with the test. */
export async function admittedConnections(
  {
    host,
    allowHalfOpen = false,
    hasManyOrphans = false,
  }: Readonly<{ host: string; allowHalfOpen?: boolean; hasManyOrphans?: boolean }>,
  onConnection: (socket: Socket) => void,
): Promise<{ port: number; open: (options: Partial<NetConnectOpts>) => Socket }> {
  const connections = new Connections(2_000, { ...limits, hasManyOrphans: () => hasManyOrphans });
  const server = createServer({ allowHalfOpen }, (socket) => {
    onConnection(socket.on('error', () => {}));
  }).listen(0, host);
  const clients: Socket[] = [];
  onTestFinished(() => {
    for (const client of clients) client.destroy();
    connections.destroyAll();
    server.close();
  });
  await once(server, 'listening');
  connections.admitTo(server, new RateLimiter({ window: 100, budget: 10_000 }));
  const { port } = server.address() as { port: number };
  const open = (options: Partial<NetConnectOpts>) => {
    const client = connect({ port, allowHalfOpen, ...options } as NetConnectOpts);
    clients.push(client.on('error', () => {}));
    return client;
  };
  return { port, open };
}
