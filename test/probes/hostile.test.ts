import { once } from 'node:events';
import { createSecureContext } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { createFetchBody } from '../../src/probes/fetch-body.ts';
import { authority, checkUrl, serving } from './check-once.ts';

/** Sends `first`, then `repeated` endlessly, in writes of `size` bytes, from a separate thread. */
const SERVER = `
  const { parentPort, workerData: { tls, first, repeated, size } } = require('node:worker_threads');
  const piece = Buffer.alloc(size, repeated);
  const server = require(tls ? 'node:tls' : 'node:net').createServer({ ...tls, noDelay: true }, (socket) => {
    const more = () => {
      for (let i = 0; i < 1_000 && !socket.destroyed; i++) if (!socket.write(piece)) return;
      setImmediate(more);
    };
    socket.on('error', () => {}).on('drain', more).once('data', () => {
      socket.write(first);
      more();
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

const START = 'HTTP/1.1 200 OK\r\n';

const attacks: { what: string; first: string; repeated: string; size: number; kind?: string }[] = [
  { what: 'a head byte by byte', first: START, repeated: 'a', size: 1 },
  { what: 'fields without end', first: START, repeated: 'a:b\r\n', size: 50_000 },
  { what: 'the shortest fields without end', first: START, repeated: 'a\n', size: 50_000 },
  { what: 'a folded value without end', first: `${START}a: b`, repeated: '\r\n \t', size: 40_000 },
  { what: 'blanks without end', first: `${START}a:`, repeated: ' ', size: 50_000 },
  { what: 'NULs', first: START, repeated: '\0', size: 50_000 },
  { what: 'carriage returns without end', first: START, repeated: '\r', size: 50_000 },
  { what: 'a reason without end', first: 'HTTP/1.1 503 ', repeated: 'x\x1b', size: 50_000 },
  { what: 'blanks before the status', first: 'HTTP/1.1', repeated: ' ', size: 50_000 },
  { what: '1xx without end', first: '', repeated: 'HTTP/1.1 103 x\n\n', size: 48_000 },
  {
    what: '1xx without end, each with fields',
    first: '',
    repeated: `HTTP/1.1 103 x\n${'a:b\n'.repeat(1000)}\n`,
    size: 40_160,
  },
  { what: 'a body without end', first: `${START}\r\n`, repeated: 'b', size: 65_536, kind: 'ok' },
  { what: 'a body byte by byte', first: `${START}\r\n`, repeated: 'b', size: 1, kind: 'ok' },
];

/** Starts a server that floods whoever sends it a request, until the test has finished. */
async function startHostile(
  scheme: string,
  flood: Readonly<{ first: string; repeated: string; size: number }>,
): Promise<URL> {
  const tls = scheme === 'https' ? { cert: serving.certificate, key: serving.key } : undefined;
  const worker = new Worker(SERVER, { eval: true, workerData: { tls, ...flood } });
  onTestFinished(async () => void (await worker.terminate()));
  const [port] = (await once(worker, 'message')) as [number];
  return new URL(`${scheme}://127.0.0.1:${port}/`);
}

test.each(
  ['http', 'https'].flatMap((scheme) =>
    attacks.map((attack) => ({ kind: 'failed', ...attack, scheme })),
  ),
)(
  'a check of a target that sends $what costs at most half a second of CPU ($scheme)',
  async ({ scheme, kind, ...flood }) => {
    const url = await startHostile(scheme, flood);
    const before = process.threadCpuUsage();

    const outcome = await checkUrl(url);

    const { user, system } = process.threadCpuUsage(before);
    expect(outcome.kind).toBe(kind);
    expect((user + system) / 1_000).toBeLessThan(500);
  },
);

test.each(['http', 'https'])(
  'a report that a pod sends byte by byte costs at most half a second of CPU (%s)',
  async (scheme) => {
    const url = await startHostile(scheme, {
      first: `${START}Content-Length: 1000000\r\n\r\n`,
      repeated: 'b',
      size: 1,
    });
    const fetchBody = createFetchBody({
      resolve: async () => [],
      secureContext: () => createSecureContext({ ca: authority.certificate }),
      insecure: false,
      userAgent: 'test/1',
    });
    const before = process.threadCpuUsage();

    const fetched = await fetchBody(url, 'node-7', AbortSignal.timeout(60_000), 1_000_000);

    const { user, system } = process.threadCpuUsage(before);
    expect(fetched).toMatchObject({
      cause: 'other',
      text: expect.stringMatching(/ the response body arrived in more than 1000 pieces$/),
    });
    expect((user + system) / 1_000).toBeLessThan(500);
  },
);
