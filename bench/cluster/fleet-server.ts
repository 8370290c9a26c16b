import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Ring } from '../../src/neighbours/choose.ts';
import { type FleetFile, fleetReport, NEIGHBOURS } from './fleet-report.ts';

/** In bytes, as the program's: a check pads its request to two segments, which are large over the loopback. */
const MAX_HEADER_SIZE = 24 * 1024;

/**
 * The pods of the file `FLEET`, as nothing but this one program, at `PORT` of each address: each responds to `/report` with what
 * a pod with ten neighbours reports, of which `DOWN` is not reached, and anything else as `/alwayshappy`.
 */
const { FLEET = '', PORT, DOWN = '' } = process.env;
const { nodes, served }: FleetFile = JSON.parse(readFileSync(FLEET, 'utf8'));
const ring = new Ring();
const now = Date.now() / 1000;
for (const pod of served) {
  const neighbours = ring.choose(pod.node, nodes, NEIGHBOURS);
  const report = Buffer.from(JSON.stringify(fleetReport(pod, neighbours, DOWN, now)));
  createServer({ maxHeaderSize: MAX_HEADER_SIZE }, ({ url = '', headers }, response) => {
    const body = url.startsWith('/report') ? report : (headers['kubenurse-padding'] ?? '');
    response.end(body);
  }).listen(Number(PORT), pod.address);
}
