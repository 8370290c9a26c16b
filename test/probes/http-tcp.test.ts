import { describe, expect, test } from 'vitest';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { createTcpInfoReader } from '../../src/probes/tcp-info.ts';
import { blackHole } from '../support/black-hole.ts';
import { OK, ScriptedServer, say } from '../support/scripted-server.ts';
import { checkUrl, failed, serving } from './check-once.ts';

const readTcpInfo = await createTcpInfoReader();

/** Longer than the kernel takes to retransmit a SYN, in milliseconds. */
const REPEATED_SYN_MS = 1_500;

describe("httpProbe() returns the kernel's counters", () => {
  test.each(['http', 'https'])('of a response over %s', async (scheme) => {
    const server = await ScriptedServer.start(scheme === 'https' ? { tls: serving } : {});
    const { kind, tcp } = await checkUrl(server.url(), { readTcpInfo });
    expect(kind).toBe('ok');
    expect(tcp?.handshakeRtt).toBeGreaterThan(0);
    expect(tcp?.handshakeRtt).toBeLessThan(0.01);
    expect(tcp?.segmentsSent).toBeGreaterThanOrEqual(3);
    expect(tcp?.segmentsRetransmitted).toBe(0);
  });

  test('of all connections of a redirect', async () => {
    const target = await ScriptedServer.start({});
    const first = await ScriptedServer.start({
      script: say(`HTTP/1.1 302 Found\r\nLocation: ${target.url().href}\r\n\r\n`),
    });
    const alone = await checkUrl(target.url(), { readTcpInfo });
    const redirected = await checkUrl(first.url(), { readTcpInfo });
    expect(redirected.tcp?.segmentsSent).toBeGreaterThanOrEqual(
      2 * (alone.tcp?.segmentsSent ?? 0) - 1,
    );
  });

  test('of this check only over a kept connection', async () => {
    const server = await ScriptedServer.start({ script: say(OK) });
    const idle = new IdleConnections();
    const sent: (number | undefined)[] = [];
    for (let check = 0; check < 4; check++) {
      const { tcp } = await checkUrl(server.url(), { readTcpInfo, idle });
      sent.push(tcp?.segmentsSent);
      if (check > 0) expect(tcp?.handshakeRtt).toBeUndefined();
    }
    idle.close();
    expect(server.accepted).toBe(1);
    expect(Math.max(...sent.map((it) => it ?? Infinity))).toBeLessThan(6);
  });

  test('of an attempt without any response', async () => {
    const url = new URL(`http://127.0.0.1:${await blackHole('127.0.0.1')}/`);
    const signal = AbortSignal.timeout(REPEATED_SYN_MS);
    const outcome = await checkUrl(url, { readTcpInfo, signal });
    expect(outcome).toMatchObject({
      cause: 'unreachable',
      tcp: { handshakeRtt: undefined, segmentsSent: 2, segmentsRetransmitted: 1 },
    });
  });

  test('of a server that is silent', async () => {
    const server = await ScriptedServer.start({ script: () => {} });
    const outcome = await checkUrl(server.url(), { readTcpInfo, signal: AbortSignal.timeout(500) });
    expect(outcome).toMatchObject({ cause: 'hung' });
    expect(failed(outcome).text).toMatch(
      /: 127\.0\.0\.1 acknowledged every packet, but its program does not respond$/,
    );
  });

  test('or none if the kernel cannot be queried', async () => {
    const server = await ScriptedServer.start({});
    expect((await checkUrl(server.url())).tcp).toBeUndefined();
  });
});

describe('httpProbe() with full-size packets', () => {
  /** Responds with a body as long as the padding, in two pieces; the test sends the second. */
  async function paddedResponse() {
    let sendRest = () => {};
    const server = await ScriptedServer.start({
      script: (socket, request) => {
        const [, padding = ''] = /^KUBENURSE-PADDING: (x+)\r?$/m.exec(request) ?? [];
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Length: ${padding.length}\r\n\r\n${padding.slice(1)}`,
        );
        sendRest = () => socket.write('x');
      },
    });
    return { server, sendRest: () => sendRest() };
  }

  test('pads its request to more than two segments, at most 18,200 bytes', async () => {
    const server = await ScriptedServer.start({});
    await checkUrl(server.url(), { readTcpInfo, isFullSize: true });
    await checkUrl(server.url(), { isFullSize: true });
    const lengths = server.requests.map((head) => /PADDING: (x+)/.exec(head)?.[1]?.length);
    // Loopback segments have up to 64 KB. If the kernel does not report the size, Ethernet's is
    // assumed.
    expect(lengths).toEqual([18_200, 2_996]);
  });

  test('waits for the whole response, and times its head', async () => {
    const { server, sendRest } = await paddedResponse();
    const signal = AbortSignal.timeout(60_000);
    const begun = performance.now();
    const outcome = checkUrl(server.url(), { isFullSize: true, signal });
    let isSettled = false;
    outcome.finally(() => {
      isSettled = true;
    });
    await expect.poll(() => server.requests.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(isSettled).toBe(false);
    const headLimit = (performance.now() - begun) / 1000;
    sendRest();
    const { kind, duration } = (await outcome) as { kind: string; duration: number };
    expect(kind).toBe('ok');
    expect(duration).toBeLessThan(headLimit);
  });

  test('fails a check whose response stays incomplete', async () => {
    const { server } = await paddedResponse();
    const signal = AbortSignal.timeout(500);
    const { phase } = failed(await checkUrl(server.url(), { isFullSize: true, signal }));
    expect(phase).toBe('response');
  });

  test('accepts an empty response of a neighbour that does not support padding', async () => {
    const server = await ScriptedServer.start({
      script: say('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    });
    expect(await checkUrl(server.url(), { isFullSize: true })).toMatchObject({ kind: 'ok' });
  });
});
