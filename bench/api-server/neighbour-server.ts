import { createServer } from 'node:http';
import { UDP_PORT } from '../../lab/parts/pod.ts';
import { startReflector } from '../../src/stamp/reflector.ts';

/*
 * Stands in for the neighbours that run nowhere: responds at each of their addresses as
 * `/alwayshappy` does, and reflects STAMP packets at the addresses in its arguments.
 */
createServer({ maxHeaderSize: 24 * 1024 }, ({ headers }, response) =>
  response.end(headers['kubenurse-padding']),
).listen(8080, '0.0.0.0');

for (const address of process.argv.slice(2)) {
  await startReflector({
    address,
    port: UDP_PORT,
    onError: (error) => {
      throw error;
    },
  });
}
