import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** Nobody sends more than two to a request (100, 103). With Node's own limit of a head, 256 KB. */
const MAX_INFORMATIONAL = 16;

/**
 * From now on, every request of `node:http` and `node:https` fails once it has got more than 16 informational responses
 * (1xx), which Node itself takes without end: one server could keep the process busy. For the whole process, since the
 * requests are those of packages as well.
 */
export function limitInformational(): void {
  subscribe('http.client.request.created', (message) => {
    const { request } = message as { request: ClientRequest };
    let count = 0;
    request.on('information', () => {
      count++;
      if (count <= MAX_INFORMATIONAL) return;
      request.destroy(new Error(`more than ${MAX_INFORMATIONAL} informational responses (1xx)`));
    });
  });
}
