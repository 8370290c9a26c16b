import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import type { Report } from '../src/verdict/report.ts';
import { nameServer } from './support/name-server.ts';
import { startListening } from './support/start-program.ts';
import { temporaryFile } from './support/temporary-file.ts';

const LIMIT_MS = 15_000;
const RECORDS = { 'kubernetes.default.svc.cluster.local': ['10.96.0.1'] };

test('a pod checks each name server of resolv.conf, also after that has changed', async () => {
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
