import type { Logger } from 'pino';
import { limitClientRequests } from './client-limits.ts';
import { limitOpenSsl } from './openssl-limits.ts';
import { limitClientSockets } from './socket-limits.ts';
import { trimMemory } from './trim-memory.ts';

/**
 * From now on, for the whole process, bounds the CPU time that peers can take by what they send,
 * the memory that they can take by not receiving, and how long freed memory is kept. Logs a limit
 * that is not available, and does without it.
 */
export async function limitProcess(log: Logger, parts: AsyncDisposableStack): Promise<void> {
  limitClientRequests();
  const limits: [() => Promise<unknown>, string][] = [
    [limitOpenSsl, 'no limits for what servers send in TLS: cannot set them in OpenSSL'],
    [limitClientSockets, 'cannot limit what the kernel keeps of connections to others'],
    [
      async () => parts.defer(await trimMemory()),
      'memory is returned to the system late: cannot call malloc_trim()',
    ],
  ];
  for (const [set, message] of limits) {
    await set().catch((error: Error) => log.info({ error: error.message }, message));
  }
}
