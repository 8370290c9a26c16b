// Node's own HTTP server and nothing else, on KUBENURSE_PORT.
const { createServer } = require('node:http');

createServer((_, response) => response.end()).listen(
  Number(process.env.KUBENURSE_PORT),
  '127.0.0.1',
);
