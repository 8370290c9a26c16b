import { readFileSync } from 'node:fs';

/**
 * Connection states in `/proc/net/tcp` (include/net/tcp_states.h). `closed`: FIN_WAIT1, LAST_ACK,
 * CLOSING.
 */
const STATES = { open: ['01'], closed: ['04', '09', '0B'] };

/**
 * How many bytes, sent or not, the kernel holds for each connection of this port and state, where
 * the client has not received everything. Only IPv4, and only on Linux.
 */
export function unreceived(port: number, state: keyof typeof STATES): number[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at = '', , code = '']) => at.endsWith(local) && STATES[state].includes(code))
    .map(([, , , , queues = '']) => Number.parseInt(queues.split(':')[0] ?? '', 16))
    .filter((bytes) => bytes > 0);
}
