import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Page } from '../../src/pages/page.ts';
import { ONLY_SERVING } from '../../src/rate-limiter.ts';
import { startServer } from '../../src/server.ts';

/** How long a response may take, in milliseconds. */
const LIMIT_MS = 30_000;

/**
 * Serves the pages on their own port until the test has finished. `errors`: what the server has
 * reported.
 */
export async function servePages(
  pages: Readonly<Record<string, Page>>,
  address = '127.0.0.1',
): Promise<{ port: number; errors: string[] }> {
  const errors: string[] = [];
  const server = await startServer({
    address,
    port: 0,
    tls: undefined,
    pages,
    serving: ONLY_SERVING,
    onError: (error, message) => errors.push(`${message}: ${error.message}`),
  });
  onTestFinished(() => server.close());
  return { port: server.http.port, errors };
}

export type PageResponse = Readonly<{ status: number; headers: IncomingHttpHeaders; body: string }>;

/** Sends one request over a new connection. Rejects without a complete response within 30 s. */
export function fetchPage(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<PageResponse> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const outgoing = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      headers,
      agent: false,
      signal,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    outgoing.end();
  });
}

/**
 * Sends these bytes, and resolves with the response once the server has closed the connection.
 * Rejects if it sends nothing for 30 s and does not close.
 */
export function sendBytes(port: number, bytes: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({ host, port });
    socket.setEncoding('latin1');
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error('not closed by the server')));
    socket.on('data', (text: string) => {
      received += text;
    });
    // A server that does not read all bytes resets the connection.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(received));
    socket.write(bytes);
  });
}
