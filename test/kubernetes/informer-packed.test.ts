import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startScriptedServer } from '../support/api-server.ts';
import { Followed } from './follow.ts';
import { isWatch, page, silent } from './watch-server.ts';

test('Informer requests lists with gzip, and watches without', async () => {
  const requests: string[] = [];
  await startScriptedServer(({ url: path = '', headers }, response) => {
    const watches = isWatch({ path });
    requests.push(`${watches ? 'watch' : 'list'} ${headers['accept-encoding']}`);
    if (watches) silent(response);
    else response.setHeader('content-encoding', 'gzip').end(gzipSync(page(['a', 'b'])));
  });
  const followed = new Followed();
  await followed.has('a=', 'b=');
  await expect.poll(() => requests).toEqual(['list gzip', 'watch undefined']);
});

test('Informer reports a compressed list that is cut off', async () => {
  await startScriptedServer((_, response) => {
    const packed = gzipSync(page(['a', 'b']));
    response.setHeader('content-encoding', 'gzip').setHeader('content-length', packed.length);
    response.write(packed.subarray(0, 20), () => response.destroy());
  });
  const followed = new Followed();
  await followed.hears(1);
  expect(followed.reported).toEqual(['the connection to the API server was closed unexpectedly']);
});
