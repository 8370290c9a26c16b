import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { startListening } from './support/start-program.ts';

const CHECKED_LIMIT_MS = 10_000;

/** Responds with an empty 200, as upstream's /alwayshappy does. */
const target = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
await once(target, 'listening');
afterAll(() => target.close());
const targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;

/** Runs src/main.ts until it has checked a healthy server and a refusing one, then stops it. */
async function runUntilChecked(nodeArgs: string[]) {
  const program = await startListening(
    {
      KUBENURSE_CHECK_INTERVAL: '200ms',
      KUBENURSE_SHUTDOWN_DURATION: '0s',
      KUBENURSE_EXTRA_CHECKS: `well:${targetUrl}|refuses:http://127.0.0.1:1/`,
    },
    nodeArgs,
  );
  let metrics = '';
  await until('both are checked', CHECKED_LIMIT_MS, async () => {
    metrics = (await httpGet(`${program.url}/metrics`, CHECKED_LIMIT_MS)).body;
    return (
      /^kubenurse_check_success\{type="well"\} 1$/m.test(metrics) &&
      /^kubenurse_check_failures_total\{.*cause="refused".*\} [1-9]/m.test(metrics)
    );
  });
  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
  const about = program.stdout.all.filter((line) => line.includes('no TCP metrics'));
  return { metrics, about, stderr: program.stderr.all };
}

test.concurrent('TCP_INFO is read without a line on standard error or in the log', async () => {
  const { metrics, about, stderr } = await runUntilChecked([]);
  expect(metrics).toMatch(/^kubenurse_tcp_rtt_seconds_count\{type="well"\} [1-9]/m);
  expect(metrics).toMatch(/^kubenurse_tcp_segments_sent_total\{type="well"\} [1-9]/m);
  expect(about).toEqual([]);
  expect(stderr).toEqual([]);
});

/** Node.js without the module, and Node.js that forbids its use without `--allow-ffi`. */
test.concurrent.each([
  [['--no-experimental-ffi'], 'No such built-in module: node:ffi'],
  [
    [
      '--permission',
      '--allow-net',
      '--allow-fs-read=*',
      '--allow-fs-write=*',
      '--disable-warning=ExperimentalWarning',
    ],
    'Access to this API has been restricted',
  ],
])(
  'with %s checks work, TCP metrics are absent, and one log line says so',
  async (nodeArgs, reason) => {
    const { metrics, about, stderr } = await runUntilChecked(nodeArgs);
    expect(metrics).not.toContain('kubenurse_tcp_');
    expect(about.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 'info', error: expect.stringContaining(reason) }),
    ]);
    expect(stderr).toEqual([]);
  },
);
