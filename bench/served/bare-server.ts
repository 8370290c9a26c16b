import { createServer } from 'node:http';

/** Node's own server and nothing else, at `PORT`: it answers everybody with the bytes that `/alwayshappy` is answered with. */
createServer((_, response) => {
  response.writeHead(200, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': '0',
  });
  response.end();
}).listen(Number(process.env.PORT), '127.0.0.1');
