import { createServer } from 'node:http';

/** In bytes, as the program's: a check pads its request to two segments, which are large over the loopback. */
const MAX_HEADER_SIZE = 24 * 1024;

/** Neighbours that are nothing but this one program, which responds as `/alwayshappy` does at each of `ADDRESSES`, at `PORT`. */
const addresses = (process.env.ADDRESSES ?? '').split(',');
for (const address of addresses) {
  createServer({ maxHeaderSize: MAX_HEADER_SIZE }, ({ headers }, response) =>
    response.end(headers['kubenurse-padding']),
  ).listen(Number(process.env.PORT), address);
}
