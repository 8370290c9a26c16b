import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { expect, test } from 'vitest';
import { limitClientRequests } from '../src/client-limits.ts';
import { authority, serving } from './probes/check-once.ts';
import { hostileTlsServer, KEY_UPDATE, newSessionTicket } from './support/hostile-tls.ts';
import { OK, pour, ScriptedServer, say } from './support/scripted-server.ts';

limitClientRequests();

const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

/** The status of the response to one request by Node's own client, or the error's message. */
function get(url: URL): Promise<number | string | undefined> {
  const begin = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    begin(url, { ca: authority.certificate, signal: AbortSignal.timeout(30_000) })
      .once('response', (response) => resolve(response.resume().statusCode))
      .on('error', (error) => resolve(error.message))
      .end();
  });
}

test.each([
  { scheme: 'http', text: CONTINUE },
  { scheme: 'http', text: HINTS },
  { scheme: 'https', text: CONTINUE },
])('limitClientRequests() fails a request with endless 1xx responses (%#)', async (given) => {
  const server = await ScriptedServer.start({
    ...(given.scheme === 'https' ? { tls: serving } : {}),
    script: pour(given.text.repeat(1_000)),
  });

  expect(await get(server.url())).toBe('more than 16 informational responses (1xx)');
});

test.each([
  { what: 'renews its keys', message: () => KEY_UPDATE },
  { what: 'gives tickets', message: newSessionTicket },
])('limitClientRequests() fails a request whose server $what endlessly', async ({ message }) => {
  const { url } = await hostileTlsServer(serving, message, 20_000);

  expect(await get(url)).toBe('too many keys or tickets on one connection');
});

test('limitClientRequests() accepts 16 informational responses per request', async () => {
  const server = await ScriptedServer.start({ script: say(CONTINUE.repeat(16) + OK) });

  expect(await get(server.url())).toBe(200);
  expect(await get(server.url())).toBe(200);
});
