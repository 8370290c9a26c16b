import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6, type Server } from 'node:net';

/** How many of the kernel's free ports to try until one is free for both protocols. */
const ATTEMPTS = 10;

/** A datagram socket and a listener on the same port; 0: any. Rejects if they cannot listen. */
export async function listenOnBoth(address: string, port: number): Promise<[Socket, Server]> {
  for (let attempt = 1; ; attempt++) {
    const datagrams = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const listener = createServer();
    try {
      datagrams.bind(port, address);
      await once(datagrams, 'listening');
      listener.listen(datagrams.address().port, address);
      await once(listener, 'listening');
      return [datagrams, listener];
    } catch (error) {
      datagrams.close();
      // Someone else has this port for TCP: try another one.
      if (port !== 0 || attempt === ATTEMPTS) throw error;
    }
  }
}
