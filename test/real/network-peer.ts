import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
} from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** The commands of the test that started the peer (network.real.ts). */
export type Question = Readonly<
  | { kind: 'get'; url: string; limitMs: number; body?: number; keepAlive?: boolean }
  | { kind: 'datagram'; address: string; port: number; limitMs: number }
  | { kind: 'read'; file: string }
>;

/** `error`: Node's error code, or `timeout`. */
export type Result = Readonly<{
  text?: string;
  error?: string;
  connected: boolean;
  ms: number;
}>;

/** As with a program in a pod: the ports of the probe. */
const PORTS = [8080, 8443];
/** The delay of the response to `/later`: longer than it takes to break the network. */
const LATER_MS = 300;
/** Where it listens: everywhere, unless the command line specifies addresses. */
const [name = '', ...hosts] = process.argv.slice(2);

const serve: RequestListener = async (request, response) => {
  if (request.url === '/hold') return;
  if (request.url === '/later') await sleep(LATER_MS);
  if (request.url?.startsWith('/bytes/')) {
    const bytes = randomBytes(Number(request.url.slice('/bytes/'.length)));
    response.setHeader('x-digest', digest(bytes));
    response.end(bytes);
  } else if (request.method === 'POST') {
    response.end(digest(await bytesOf(request)));
  } else {
    response.end(`${name} ${request.socket.remoteAddress?.replace('::ffff:', '')}`);
  }
};

const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(message));
}

async function resultOf(question: Question): Promise<Result> {
  const start = performance.now();
  let connected = false;
  const end = (rest: { text?: string; error?: string }): Result => ({
    ...rest,
    connected,
    ms: performance.now() - start,
  });
  try {
    switch (question.kind) {
      case 'get':
        return end({
          text: await get(question, () => {
            connected = true;
          }),
        });
      case 'datagram':
        return end({ text: await datagram(question) });
      case 'read':
        return end({ text: readFileSync(question.file, 'utf8') });
    }
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    const isTimeout = code === 'ABORT_ERR' || name === 'TimeoutError';
    return end({ error: isTimeout ? 'timeout' : (code ?? `${error}`) });
  }
}

/**
 * The response's body or, if it has a digest or responds to a body that was sent, whether the
 * digest is right.
 */
async function get(
  question: Extract<Question, { kind: 'get' }>,
  connected: () => void,
): Promise<string> {
  const body = question.body === undefined ? undefined : randomBytes(question.body);
  const outgoing = request(question.url, {
    method: body ? 'POST' : 'GET',
    agent: question.keepAlive ? keepAlive : false,
    signal: AbortSignal.timeout(question.limitMs),
  });
  outgoing.on('socket', (socket) => {
    if (outgoing.reusedSocket) connected();
    else socket.once('connect', connected);
  });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  outgoing.on('response', resolve).on('error', reject);
  outgoing.end(body);
  const response = await promise;
  const sent = response.headers['x-digest'];
  if (sent !== undefined) return digest(await bytesOf(response)) === sent ? 'intact' : 'corrupt';
  const received = await text(response);
  if (body === undefined) return received;
  return received === digest(body) ? 'intact' : 'corrupt';
}

async function datagram({
  address,
  port,
  limitMs,
}: Extract<Question, { kind: 'datagram' }>): Promise<string> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(limitMs);
  signal.addEventListener('abort', () => reject(signal.reason));
  socket.on('message', (message) => resolve(message.toString())).on('error', reject);
  // A connected socket receives ICMP errors.
  socket.connect(port, address, () => socket.send('hello'));
  try {
    return await promise;
  } finally {
    socket.close();
  }
}

process.on('message', async ({ id, question }: { id: number; question: Question }) => {
  process.send?.({ id, result: await resultOf(question) });
});
process.on('disconnect', () => process.exit());

for (const host of hosts.length > 0 ? hosts : ['::']) {
  const echo = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  echo.on('message', (_, { port, address }) => echo.send(name, port, address));
  echo.bind(PORTS[0], host);
  for (const port of PORTS) await once(createServer(serve).listen(port, host), 'listening');
}
process.send?.('ready');
