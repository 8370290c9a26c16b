import { createServer } from 'node:http';
import { UDP_PORT } from '../../lab/parts/pod.ts';
import { startReflector } from '../../src/stamp/reflector.ts';

/*
 * The neighbours that run nowhere: at each of their addresses this one program responds, as `/alwayshappy` does. At the
 * addresses in its arguments it reflects STAMP packets.
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
