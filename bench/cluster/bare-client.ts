import { readFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { get as getOverTls } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetFile } from './fleet-report.ts';

/**
 * When `PORT` is requested with `?over=` and a number of milliseconds, requests `/report` of all
 * pods in the files `FLEETS` with Node's own client only: evenly over that time, each over a new
 * connection. Responds when all have responded.
 */
const { PORT, FLEETS = '', ORIGIN = '' } = process.env;
const urls = FLEETS.split(':')
  .flatMap((file) => (JSON.parse(readFileSync(file, 'utf8')) as FleetFile).served)
  .map(({ address }) => `${ORIGIN.replace('*', address)}/report`);

function request(url: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const options = { agent: false, rejectUnauthorized: false } as const;
  const onResponse: Parameters<typeof get>[2] = (response) =>
    response.resume().once('end', resolve);
  const outgoing = url.startsWith('https:')
    ? getOverTls(url, options, onResponse)
    : get(url, options, onResponse);
  outgoing.once('error', reject);
  return promise;
}

createServer(async ({ url = '' }, response) => {
  const over = Number(new URL(url, 'http://_').searchParams.get('over') ?? 0);
  const begin = performance.now();
  const requests: Promise<unknown>[] = [];
  for (const [index, each] of over > 0 ? urls.entries() : []) {
    const early = begin + (index * over) / urls.length - performance.now();
    if (early > 0) await sleep(early);
    requests.push(request(each));
  }
  await Promise.all(requests);
  response.end();
}).listen(Number(PORT), '127.0.0.1');
