import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** The whole response, as JSON. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, JSON.stringify(body), { 'content-type': 'application/json' });
}

/** The whole response, as Go's `http.Error` gives it: what comes from no resource of the API is no Status. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders = {},
): void {
  send(response, status, text, { ...headers, 'content-type': 'text/plain; charset=utf-8' });
}

/** The response of priority and fairness to a client that requests too much. */
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
