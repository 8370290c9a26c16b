import { createServer } from 'node:http';

/** Neighbours that are nothing but this one program, which answers as `/alwayshappy` does at each of `ADDRESSES`, at `PORT`. */
const addresses = (process.env.ADDRESSES ?? '').split(',');
for (const address of addresses) {
  createServer(({ headers }, response) => response.end(headers['kubenurse-padding'])).listen(
    Number(process.env.PORT),
    address,
  );
}
