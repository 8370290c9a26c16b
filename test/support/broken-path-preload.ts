import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

/*
 * In a process that imports this, connections to the address in the file `BROKEN_PATH` go to a port
 * on which nothing listens. That breaks a path for one pod, because loopback cannot tell who
 * connects.
 */

const CLOSED_PORT = 1;
const file = process.env.BROKEN_PATH ?? '';
const connect = Reflect.get(Socket.prototype, 'connect') as (...args: unknown[]) => unknown;

Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]) {
  const [first] = args;
  const options = (Array.isArray(first) ? first[0] : first) as { host?: string; port?: number };
  if (options?.host !== undefined && options.host === readFileSync(file, 'utf8')) {
    options.port = CLOSED_PORT;
  }
  return connect.apply(this, args);
});
