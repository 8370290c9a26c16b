import { request } from 'node:http';

/** An answer with more bytes is an error. */
const LARGEST_BODY = 1 << 20;

/**
 * Asks once, over a connection of its own. Rejects when there is no whole answer within `limitMs`
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
        if (body.length > LARGEST_BODY) outgoing.destroy(new Error(`too long an answer: ${url}`));
      });
      answer.on('error', (error) => outgoing.destroy(error));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    outgoing.end();
  });
}
