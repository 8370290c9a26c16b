import { request } from 'node:http';

/** A longer response is an error. */
const MAX_BODY_BYTES = 1 << 20;

/**
 * Sends one request, over a separate connection. Rejects when there is no complete response within `limitMs`
 * milliseconds, when it has more than a mebibyte, and when `stop` aborts.
 */
export function httpGet(
  url: string | URL,
  limitMs: number,
  stop?: AbortSignal,
): Promise<Readonly<{ status: number; body: string }>> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(limitMs);
    const signal = stop ? AbortSignal.any([limit, stop]) : limit;
    const outgoing = request(url, { agent: false, signal });
    outgoing.on('error', (error) => {
      reject(limit.aborted ? new Error(`no answer from ${url} within ${limitMs} ms`) : error);
    });
    outgoing.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) outgoing.destroy(new Error(`response too long: ${url}`));
      });
      answer.on('error', (error) => outgoing.destroy(error));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    outgoing.end();
  });
}
