import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';

/** Addresses need no lookup, and must not queue behind lookups of names. */
const lookup = (
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
) => callback(null, address, isIP(address));

/**
 * A socket that sends to, and receives from, only this address and port. Rejects if there is no
 * route.
 */
export async function connectedSocket(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4', lookup });
  try {
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/**
 * A socket bound to a port of one address, or of all: of both families if there is IPv6. Rejects if
 * the port is not available.
 */
export async function boundSocket(address: string | undefined, port: number): Promise<Socket> {
  if (address !== undefined) return bind(address, port);
  try {
    return await bind('::', port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
    return bind('0.0.0.0', port);
  }
}

async function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: isIP(address) === 6 ? 'udp6' : 'udp4', lookup });
  try {
    const listening = once(socket, 'listening');
    socket.bind({ address, port });
    await listening;
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
