import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Ring } from '../../src/neighbours/choose.ts';
import { type FleetFile, fleetReport, NEIGHBOURS } from './fleet-report.ts';

/**
 * In bytes, as in the program: a check pads its request to two segments, which are large on the
 * loopback.
 */
const MAX_HEADER_SIZE = 24 * 1024;

/**
 * Serves all pods in the file `FLEET` from one program, at `PORT` of each address: each responds to
 * `/report` with the report of a pod with ten neighbours that cannot reach `DOWN`, and to anything
 * else as `/alwayshappy` does. With a certificate, over TLS. Once all of them listen, so does
 * `READY_PORT`.
 */
const {
  FLEET = '',
  PORT,
  READY_PORT,
  DOWN = '',
  KUBENURSE_CERT_FILE: certificate,
  KUBENURSE_CERT_KEY: key,
} = process.env;
const { nodes, served }: FleetFile = JSON.parse(readFileSync(FLEET, 'utf8'));
const tls = certificate && key && { cert: readFileSync(certificate), key: readFileSync(key) };
const ring = new Ring();
const now = Date.now() / 1000;
const listening = served.map(async (pod) => {
  const neighbours = ring.choose(pod.node, nodes, NEIGHBOURS);
  const report = Buffer.from(JSON.stringify(fleetReport(pod, neighbours, DOWN, now)));
  const respond: RequestListener = ({ url = '', headers }, response) => {
    const body = url.startsWith('/report') ? report : (headers['kubenurse-padding'] ?? '');
    response.end(body);
  };
  const limits = { maxHeaderSize: MAX_HEADER_SIZE };
  const server = tls
    ? createTlsServer({ ...limits, ...tls }, respond)
    : createServer(limits, respond);
  await once(server.listen(Number(PORT), pod.address), 'listening');
});
await Promise.all(listening);
createServer((_, response) => response.end()).listen(Number(READY_PORT), '127.0.0.1');
