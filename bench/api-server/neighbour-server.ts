import { createServer } from 'node:http';

/** The neighbours that run nowhere: at each of their addresses this one program answers, as `/alwayshappy` does. */
createServer({ maxHeaderSize: 24 * 1024 }, ({ headers }, answer) =>
  answer.end(headers['kubenurse-padding']),
).listen(8080, '0.0.0.0');
