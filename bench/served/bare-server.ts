import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';

/**
 * Node's own server and nothing else, at `PORT`, and over TLS if kubenurse's variables configure
 * it: it responds to everybody as `/alwayshappy` does, and to any other path with a body of `BODY`
 * bytes.
 */
const { PORT, BODY, KUBENURSE_TLS_PORT, KUBENURSE_CERT_FILE, KUBENURSE_CERT_KEY } = process.env;
const bodies = { happy: Buffer.alloc(0), other: Buffer.alloc(Number(BODY), 'x') };

const listener: RequestListener = (request, response) => {
  const body = request.url === '/alwayshappy' ? bodies.happy : bodies.other;
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  });
  response.end(body);
};

createServer(listener).listen(Number(PORT), '127.0.0.1');
if (KUBENURSE_CERT_FILE !== undefined && KUBENURSE_CERT_KEY !== undefined) {
  const pair = { cert: readFileSync(KUBENURSE_CERT_FILE), key: readFileSync(KUBENURSE_CERT_KEY) };
  createHttpsServer(pair, listener).listen(Number(KUBENURSE_TLS_PORT), '127.0.0.1');
}
