import { expect, test } from 'vitest';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import { PushCollector, respond } from '../support/push-collector.ts';
import { pour, ScriptedServer } from '../support/scripted-server.ts';
import { startListening } from '../support/start-program.ts';

const CHECK_INTERVAL_MS = 100;
/** main.ts gives the last export 2 s, to which a busy machine may add the slack. */
const LAST_EXPORT_MS = 2_000;
const SLACK_MS = 15_000;

type Program = Awaited<ReturnType<typeof startListening>>;

/** Starts the program, which pushes to the collector often. */
function startPushing(url: string, env: Record<string, string> = {}): Promise<Program> {
  return startListening({
    KUBENURSE_CHECK_INTERVAL: `${CHECK_INTERVAL_MS}ms`,
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_METRIC_EXPORT_INTERVAL: '100',
    ...env,
  });
}

function lines({ stdout }: Program, message: string): Record<string, unknown>[] {
  return stdout.all.map((line) => JSON.parse(line)).filter(({ msg }) => msg === message);
}

/** The value of a series at `/metrics`; 0 if there is none. */
async function scraped({ url }: Program, series: string): Promise<number> {
  const { status, body } = await httpGet(`${url}/metrics`, 10_000);
  expect(status).toBe(200);
  const line = body.split('\n').find((line) => line.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

const checks = (program: Program) =>
  scraped(program, 'kubenurse_httpclient_requests_total{type="me_service",code="200"}');
const failures = (program: Program) =>
  scraped(program, 'kubenurse_export_failures_total{exporter="otlp"}');

/** Expects checks to continue at their interval while exports fail. */
async function expectChecksGoOn(program: Program): Promise<void> {
  const failed = await failures(program);
  const begun = performance.now();
  const done = await checks(program);
  await until('three more exports have failed', 5_000, async () => {
    return (await failures(program)) >= failed + 3;
  });
  await until('ten more checks are made', 5_000, async () => (await checks(program)) >= done + 10);
  const rounds = (performance.now() - begun) / CHECK_INTERVAL_MS;
  expect((await checks(program)) - done).toBeLessThan(rounds * 1.5 + 2);
}

test('a collector that fails affects no check, and is logged once when it fails and once when it recovers', async () => {
  const hanging = await PushCollector.start();
  hanging.behaviour = () => {};
  const program = await startPushing(hanging.url, { OTEL_EXPORTER_OTLP_TIMEOUT: '1000' });
  await until('a check is made', 5_000, async () => (await checks(program)) > 0);
  await expectChecksGoOn(program);

  await hanging.close();
  await expectChecksGoOn(program);
  expect(lines(program, 'metrics export failed')).toEqual([
    expect.objectContaining({ level: 'warn', exporter: 'otlp', error: expect.any(String) }),
  ]);
  expect(lines(program, 'metrics export recovered')).toEqual([]);

  const well = await PushCollector.start({ port: hanging.port });
  await until('it has recovered', 5_000, () => {
    return lines(program, 'metrics export recovered').length > 0;
  });
  const [recovery] = lines(program, 'metrics export recovered');
  expect(recovery).toMatchObject({ level: 'info', exporter: 'otlp', seconds: expect.any(Number) });
  const lost = await failures(program);
  expect(recovery?.lostExports).toBe(lost);
  // What was counted meanwhile is pushed, including the failed exports.
  await until('the pushes tell it', 5_000, () => {
    return well.pushes.at(-1)?.body.includes('kubenurse_export_failures_total') ?? false;
  });
  expect(well.pushes.at(-1)?.body).toContain('kubenurse_httpclient_requests_total');
  expect(lines(program, 'metrics export failed')).toHaveLength(1);

  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
});

test('a collector whose 1xx responses do not end is disconnected', async () => {
  const collector = await ScriptedServer.start({
    script: pour('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)),
  });
  const program = await startPushing(collector.url().href, { OTEL_EXPORTER_OTLP_TIMEOUT: '3000' });
  await until('a push has failed', 6_000, () => {
    return lines(program, 'metrics export failed').length > 0;
  });
  expect(lines(program, 'metrics export failed')).toMatchObject([
    { error: 'more than 16 informational responses (1xx)' },
  ]);
});

test('SIGTERM ends the program in time, with exit code 0, while a collector hangs', async () => {
  const collector = await PushCollector.start();
  collector.behaviour = () => {};
  const program = await startPushing(collector.url, { OTEL_EXPORTER_OTLP_TIMEOUT: '60000' });
  await until('a push has come', 5_000, () => collector.pushes.length > 0);
  const begun = performance.now();
  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
  expect(performance.now() - begun).toBeLessThan(LAST_EXPORT_MS + SLACK_MS);
  expect(lines(program, 'kubenurse has stopped')).toHaveLength(1);
});

test('the last push, after SIGTERM, has the results of the last checks', async () => {
  const collector = await PushCollector.start();
  const program = await startPushing(collector.url, { OTEL_METRIC_EXPORT_INTERVAL: '3600000' });
  await until('five checks are made', 5_000, async () => (await checks(program)) >= 5);
  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
  expect(collector.pushes.map(({ path }) => path)).toEqual(['/v1/metrics']);
  expect(collector.pushes[0]?.body).toContain('kubenurse_httpclient_requests_total');
});

test("a receiver's status of 8 KB is cut, and stripped of control characters, in the log", async () => {
  const collector = await PushCollector.start();
  collector.behaviour = respond(`400 \x9b2J${'x'.repeat(8_000)}`);
  const program = await startPushing(collector.url);
  await until('it is logged', 5_000, () => lines(program, 'metrics export failed').length > 0);
  const { error } = lines(program, 'metrics export failed')[0] ?? {};
  // The C1 character in UTF-8, read as Latin-1 by Node.
  expect(String(error)).toMatch(/^Â 2Jx+$/);
  expect(String(error).length).toBeLessThanOrEqual(500);
});
