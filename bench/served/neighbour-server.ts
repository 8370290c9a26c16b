import { createServer } from 'node:http';

/**
 * In bytes, as in the program: a check pads its request to two segments, which are large on the
 * loopback.
 */
const MAX_HEADER_SIZE = 24 * 1024;

/**
 * Stands in for all neighbours: responds as `/alwayshappy` does at each of `ADDRESSES`, at `PORT`.
 */
const addresses = (process.env.ADDRESSES ?? '').split(',');
for (const address of addresses) {
  createServer({ maxHeaderSize: MAX_HEADER_SIZE }, ({ headers }, response) =>
    response.end(headers['kubenurse-padding']),
  ).listen(Number(process.env.PORT), address);
}
