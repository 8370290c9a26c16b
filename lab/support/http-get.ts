import { request } from 'node:http';

/** A longer response is an error. */
const MAX_BODY_BYTES = 1 << 20;

/**
 * Sends one request, over a separate connection. Rejects if there is no complete response within
 * `limitMs` milliseconds, if it is larger than a mebibyte, and if `stop` aborts. `localAddress`:
 * the source address; by default, the system chooses one.
 */
export function httpGet(
  url: string | URL,
  limitMs: number,
  stop?: AbortSignal,
  localAddress?: string,
): Promise<Readonly<{ status: number; body: string }>> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(limitMs);
    const signal = stop ? AbortSignal.any([limit, stop]) : limit;
    const outgoing = request(url, { agent: false, signal, localAddress });
    outgoing.on('error', (error) => {
      reject(limit.aborted ? new Error(`no response from ${url} within ${limitMs} ms`) : error);
    });
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) outgoing.destroy(new Error(`response too long: ${url}`));
      });
      response.on('error', (error) => outgoing.destroy(error));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.end();
  });
}
