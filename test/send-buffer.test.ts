import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { CertificateAuthority } from '../lab/support/certificates.ts';
import { until } from '../lab/support/until.ts';
import type { Page } from '../src/pages/page.ts';
import { startServer } from '../src/server.ts';

const BODY = Buffer.alloc(200_000, 'x');

const large: Page = (context) => {
  context.body = BODY;
};

const REQUEST = 'GET /large HTTP/1.1\r\nHost: kubenurse\r\n\r\n';

/** What a send buffer of 128 KB may hold, with the segment that exceeds it. */
const MAX_HELD = 192 * 1024;

/** Payload in bytes that the kernel holds of the server's connections, as sent or to send. */
function heldOf(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n');
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, at = '', , state = '']) => at.endsWith(local) && state === '01')
    .reduce(
      (sum, [, , , , queues = '']) => sum + Number.parseInt(queues.split(':')[0] ?? '', 16),
      0,
    );
}

/** Resolves when so many bytes have come. */
async function receive(client: Socket, bytes: number): Promise<void> {
  let received = 0;
  client.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await until('the response is read', 5_000, () => received >= bytes);
}

/** Serves the page over HTTP and HTTPS until the test has finished. */
async function serve() {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = await CertificateAuthority.create('test');
  const { certificate, key } = await authority.issue({
    commonName: 'test',
    ipAddresses: ['127.0.0.1'],
  });
  const certFile = join(folder, 'tls.crt');
  const keyFile = join(folder, 'tls.key');
  await writeFile(certFile, certificate);
  await writeFile(keyFile, key);
  const errors: string[] = [];
  const { http, https, close } = await startServer({
    address: '127.0.0.1',
    port: 0,
    tls: { port: 0, certFile, keyFile },
    pages: { '/large': large },
    onError: (error, message) => errors.push(`${message}: ${error.message}`),
  });
  onTestFinished(close);
  return { http: http.port, https: https?.port ?? 0, ca: authority.certificate, errors };
}

test.each(['http', 'https'] as const)(
  'a connection over %s that sends requests without reading responses takes a bounded part of the kernel',
  async (scheme) => {
    const { [scheme]: port, ca, errors } = await serve();
    const tcp = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => {
      tcp.destroy();
    });
    const client =
      scheme === 'http'
        ? tcp
        : connectTls({ socket: tcp, host: '127.0.0.1', ca }).on('error', () => {});
    await once(client, scheme === 'http' ? 'connect' : 'secureConnect');
    // The kernel lets a send buffer grow once it has seen a client that reads.
    for (let i = 1; i <= 5; i += 1) {
      client.write(REQUEST);
      await receive(client, BODY.length);
    }
    client.pause();
    let most = 0;
    for (let i = 0; i < 20; i += 1) {
      client.write(REQUEST);
      await sleep(50);
      most = Math.max(most, heldOf(port));
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MAX_HELD);
    expect(errors).toEqual([]);
  },
);
