import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { startListening, startProgram } from './support/start-program.ts';

const LIMIT_MS = 15_000;

/** A UDP port of 127.0.0.1 that was free just now. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

test('a pod reflects packets, and counts those that it sends', async () => {
  const port = await freeUdpPort();
  const { url, child, closed } = await startListening({
    KUBENURSE_CHECK_INTERVAL: '500ms',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    KUBENURSE_CHECK_UDP: 'true',
    KUBENURSE_UDP_PORT: String(port),
    KUBENURSE_EXTRA_CHECKS: `own:udp://127.0.0.1:${port}`,
  });
  let page = '';
  const value = (series: string) => Number(page.split(`\n${series} `)[1]?.split('\n')[0]);
  await until('thirty packets are sent', LIMIT_MS, async () => {
    page = (await httpGet(`${url}/metrics`, LIMIT_MS)).body;
    return value('kubenurse_udp_packets_sent_total{type="own"}') >= 30;
  });
  for (const direction of ['forward', 'backward', 'unknown']) {
    expect(value(`kubenurse_udp_packets_lost_total{type="own",direction="${direction}"}`)).toBe(0);
  }
  expect(value('kubenurse_udp_rtt_seconds_count{type="own"}')).toBe(
    value('kubenurse_udp_packets_sent_total{type="own"}'),
  );
  expect(value('kubenurse_check_success{type="own"}')).toBe(1);
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});

test('a pod does not reflect packets unless UDP checks are enabled', async () => {
  const port = await freeUdpPort();
  const { url } = await startListening({
    KUBENURSE_CHECK_INTERVAL: '500ms',
    KUBENURSE_UDP_PORT: String(port),
    KUBENURSE_EXTRA_CHECKS: `own:udp://127.0.0.1:${port}`,
  });
  await until('the check has failed', LIMIT_MS, async () => {
    const { body } = await httpGet(`${url}/metrics`, LIMIT_MS);
    return /check_failures_total\{type="own",cause="refused"\} [1-9]/.test(body);
  });
});

test('a pod whose UDP port is not available does not start', async () => {
  const taken = createSocket('udp4').bind(0, '127.0.0.1');
  await once(taken, 'listening');
  const { closed, stdout, stderr } = startProgram({
    KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
    KUBENURSE_CHECK_API_SERVER_DNS: 'false',
    KUBENURSE_CHECK_ME_INGRESS: 'false',
    KUBENURSE_CHECK_ME_SERVICE: 'false',
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
    KUBENURSE_LISTEN_ADDRESS: '127.0.0.1',
    KUBENURSE_PORT: String(await freeUdpPort()),
    KUBENURSE_CHECK_UDP: 'true',
    KUBENURSE_UDP_PORT: String(taken.address().port),
  });
  expect(await closed).not.toBe(0);
  taken.close();
  expect([...stdout.all, ...stderr.all].join('\n')).toContain('EADDRINUSE');
});
