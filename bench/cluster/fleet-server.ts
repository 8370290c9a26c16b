import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Ring } from '../../src/neighbours/choose.ts';
import { type FleetPod, fleetReport } from './fleet-report.ts';

/** In bytes, as the program's: a check pads its request to two segments, which are large over the loopback. */
const MAX_HEADER_SIZE = 24 * 1024;

const NEIGHBOURS = 10;

/**
 * All pods of the file `PODS` but those of the nodes `OWN` and `DOWN`, as nothing but this one program, at `PORT` of each
 * address: each answers `/report` with what a pod with ten neighbours reports, and anything else as `/alwayshappy`.
 */
const { PODS = '', PORT, OWN, DOWN = '' } = process.env;
const pods: readonly FleetPod[] = JSON.parse(readFileSync(PODS, 'utf8'));
const nodes = pods.map(({ node }) => node);
const ring = new Ring();
const now = Date.now() / 1000;
for (const pod of pods) {
  if (pod.node === OWN || pod.node === DOWN) continue;
  const neighbours = ring.choose(pod.node, nodes, NEIGHBOURS);
  const report = Buffer.from(JSON.stringify(fleetReport(pod, neighbours, DOWN, now)));
  createServer({ maxHeaderSize: MAX_HEADER_SIZE }, ({ url = '', headers }, response) => {
    const body = url.startsWith('/report') ? report : (headers['kubenurse-padding'] ?? '');
    response.end(body);
  }).listen(Number(PORT), pod.address);
}
