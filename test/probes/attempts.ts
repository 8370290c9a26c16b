import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Where a socket is connected to, and the socket. */
export type Attempt = Readonly<{ address: string; port: number; socket: Socket }>;

/** The connections that this process begins from now on until the test has finished, in order. */
export function attempts(): readonly Attempt[] {
  const begun: Attempt[] = [];
  const note = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    socket.on('connectionAttempt', (address: string, port: number) => {
      begun.push({ address, port, socket });
    });
  };
  subscribe('net.client.socket', note);
  onTestFinished(() => void unsubscribe('net.client.socket', note));
  return begun;
}
