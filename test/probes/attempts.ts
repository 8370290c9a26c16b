import { Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';

/** A socket, and where it connects to. */
export type Attempt = Readonly<{ address: string; port: number; socket: Socket }>;

/** The connections that this process attempts until the test has finished, in order. */
export function attempts(): readonly Attempt[] {
  const begun: Attempt[] = [];
  const connect = Socket.prototype.connect;
  const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (
    this: Socket,
    ...args
  ) {
    this.on('connectionAttempt', (address: string, port: number) => {
      begun.push({ address, port, socket: this });
    });
    return Reflect.apply(connect, this, args);
  });
  onTestFinished(() => spy.mockRestore());
  return begun;
}
