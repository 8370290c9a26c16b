import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import type { Report } from '../src/verdict/report.ts';
import { nameServer } from './support/name-server.ts';
import { freePort, startListening } from './support/start-program.ts';
import { temporaryFile } from './support/temporary-file.ts';

const LIMIT_MS = 15_000;
const RECORDS = { 'kubernetes.default.svc.cluster.local': ['10.96.0.1'] };

test('a pod checks each name server of resolv.conf, also after the file changes', async () => {
  const servers = [await nameServer(RECORDS), await nameServer(RECORDS), await nameServer(RECORDS)];
  const [first = '', second = '', third = ''] = servers.map((each) => `127.0.0.1:${each.port}`);
  const conf = (...listed: string[]) => listed.map((each) => `nameserver ${each}\n`).join('');
  const resolvConf = temporaryFile(conf(first, second));
  const { url, child, closed, stdout } = await startListening({
    KUBENURSE_CHECK_INTERVAL: '200ms',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    KUBENURSE_SERIES_RETENTION: '0s',
    KUBENURSE_CHECK_DNS: 'true',
    KUBENURSE_RESOLV_CONF: resolvConf,
  });
  let metrics = '';
  const value = (series: string) => Number(metrics.split(`\n${series} `)[1]?.split('\n')[0]);
  const success = (type: string) => value(`kubenurse_check_success{type="${type}"}`);
  const types = (...listed: string[]) => listed.flatMap((s) => [`dns_${s}`, `dns_tcp_${s}`]);
  const untilMetrics = (what: string, isSo: () => boolean) =>
    until(what, LIMIT_MS, async () => {
      metrics = (await httpGet(`${url}/metrics`, LIMIT_MS)).body;
      return isSo();
    });

  await untilMetrics('all succeed', () => types(first, second).every((t) => success(t) === 1));
  for (const type of types(first, second)) {
    expect(metrics).toContain(`kubenurse_request_duration_bucket{type="${type}",le="0.0005"}`);
    expect(metrics).toContain(`kubenurse_errors_total{type="${type}",event="dns_nxdomain"} 0\n`);
  }

  servers[0]?.break('servfail');
  await untilMetrics('one fails', () => types(first).every((t) => success(t) === 0));
  expect(types(second).map(success)).toEqual([1, 1]);
  const failed = `kubenurse_errors_total{type="dns_${first}",event="dns_servfail"}`;
  expect(value(failed)).toBeGreaterThan(0);
  const { checks } = JSON.parse((await httpGet(`${url}/report`, LIMIT_MS)).body) as Report;
  expect(checks.filter(({ kind }) => kind === 'name_server')).toMatchObject([
    { type: `dns_${first}`, state: 'failing', cause: 'dns', event: 'dns_servfail', byName: false },
    { type: `dns_tcp_${first}`, state: 'failing' },
    { type: `dns_${second}`, state: 'ok' },
    { type: `dns_tcp_${second}`, state: 'ok' },
  ]);
  const alive = JSON.parse((await httpGet(`${url}/alive`, LIMIT_MS)).body);
  expect(alive.last_check_result).toMatchObject({
    [`dns_${second}`]: 'ok',
    [`dns_${first}`]: expect.stringMatching(/^querying 127\.0\.0\.1 for A kube.+\(ESERVFAIL\)$/),
  });

  writeFileSync(resolvConf, conf(second, third));
  await untilMetrics('the third is checked', () => types(third).every((t) => success(t) === 1));
  await untilMetrics('the first is not', () => !metrics.includes(`_${first}"`));
  expect(stdout.all.join('\n')).toMatch(/"type":"dns_127\..+"check failed"/);
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});

test('a silent name server is reported while look-ups succeed, but not the checks that wait for it', async () => {
  const records = { ...RECORDS, 'service.test': ['127.0.0.1'] };
  const [first, second] = [await nameServer(records), await nameServer(records)];
  first.break('silent');
  const listed = [first, second].map(({ port }) => `nameserver 127.0.0.1:${port}\n`);
  const port = await freePort();
  const { child, closed } = await startListening({
    KUBENURSE_CHECK_INTERVAL: '500ms',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    KUBENURSE_PORT: String(port),
    KUBENURSE_SERVICE_URL: `http://service.test:${port}`,
    KUBENURSE_CHECK_DNS: 'true',
    KUBENURSE_RESOLV_CONF: temporaryFile(`${listed.join('')}options timeout:1 attempts:1\n`),
    NODE_NAME: 'node-1',
  });
  const get = async (page: string) =>
    (await httpGet(`http://127.0.0.1:${port}${page}`, LIMIT_MS)).body;
  await until('look-ups wait for the first server, and succeed', 2 * LIMIT_MS, async () => {
    const { checks } = JSON.parse(await get('/report')) as Report;
    const service = checks.find(({ kind }) => kind === 'me_service');
    const silent = checks.find(({ kind }) => kind === 'name_server');
    const isSlow = (service?.lastMinute.medianSeconds ?? 0) > 0.9;
    return isSlow && (service?.lastMinute.checks ?? 0) >= 8 && (silent?.consecutive ?? 0) >= 3;
  });
  const text = (await get('/cluster.txt')).replaceAll(/\s+/g, ' ');
  expect(text).toContain(
    `One of 2 name servers, 127.0.0.1:${first.port}, fails on node-1: it does not respond.`,
  );
  expect(text).toContain('Names are still resolved there');
  expect(text).not.toContain('is slow');
  child.kill('SIGTERM');
  expect(await closed).toBe(0);
});
