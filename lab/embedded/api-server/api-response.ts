import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** Sends the whole response, as JSON. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, JSON.stringify(body), { 'content-type': 'application/json' });
}

/**
 * Sends the whole response as Go's `http.Error` does: outside the API's resources, errors are not a
 * Status.
 */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  send(response, status, text, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
}

/** The response of API Priority and Fairness to a client that sends too many requests. */
export function sendTooManyRequests(response: ServerResponse): void {
  const text = 'Too many requests, please try again later.\n';
  sendText(response, 429, text, { 'retry-after': '1' });
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: OutgoingHttpHeaders,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
