import { createServer } from 'node:http';

/**
 * Node's own server and nothing else, at `PORT`: it sends everybody what `/alwayshappy` has, and for any other path a body of
 * `BODY` bytes.
 */
const bodies = { happy: Buffer.alloc(0), other: Buffer.alloc(Number(process.env.BODY), 'x') };

createServer((request, response) => {
  const body = request.url === '/alwayshappy' ? bodies.happy : bodies.other;
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  });
  response.end(body);
}).listen(Number(process.env.PORT), '127.0.0.1');
