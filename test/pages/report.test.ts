import { expect, test } from 'vitest';
import { checkReports } from '../../src/check-report.ts';
import { CheckStates } from '../../src/check-states.ts';
import { reportPage } from '../../src/pages/report.ts';
import type { Report } from '../../src/verdict/report.ts';
import { inTurn } from '../support/any-time.ts';
import { fakeCheck, ok } from '../support/fake-check.ts';
import { servePages } from '../support/served-pages.ts';

test('/report is the JSON of the report', async () => {
  const states = new CheckStates(0);
  const checks = [fakeCheck('me_ingress', { url: 'http://kubenurse.example/' })];
  for (const state of states.update(checks).states) states.record(state, ok());
  const report: Report = {
    schema: 1,
    pod: 'kubenurse-x2bwx',
    node: 'node-1',
    zone: '',
    version: '1.0.0',
    startedAt: 1,
    reportedAt: 2,
    checkIntervalSeconds: 5,
    checks: checkReports(states.current()),
    eventLoopDelaySeconds: 0,
    neighbourhood: { state: 'ok', listedAt: 2 },
  };
  const { port } = await servePages({ '/report': reportPage(() => report, inTurn) });
  const response = await fetch(`http://127.0.0.1:${port}/report`);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const body = (await response.json()) as Report;
  expect(body).toEqual(report);
  expect(body.checks).toMatchObject([{ type: 'me_ingress', byName: true, state: 'ok' }]);
});

test('/report?hour=failures has the last hour only of checks that failed within it', async () => {
  const requested: string[] = [];
  const { port } = await servePages({
    '/report': reportPage((hour) => {
      requested.push(hour);
      return {} as Report;
    }, inTurn),
  });
  for (const query of ['', '?hour=failures', '?hour=__proto__']) {
    expect((await fetch(`http://127.0.0.1:${port}/report${query}`)).status).toBe(200);
  }
  expect(requested).toEqual(['all', 'failures', 'all']);
});

test.each(['', '?hour=failures'])(
  '/report%s takes a tenth of a CPU, however many request it',
  async (query) => {
    const TAKES_MS = 30;
    const begun: number[] = [];
    const { port } = await servePages({
      '/report': reportPage(() => {
        const begin = performance.now();
        begun.push(begin);
        while (performance.now() < begin + TAKES_MS) {}
        return {} as Report;
      }, inTurn),
    });
    const client = async () => {
      while (begun.length < 3) await fetch(`http://127.0.0.1:${port}/report${query}`);
    };
    await Promise.all(Array.from({ length: 5 }, client));
    const [first = 0, , third = 0] = begun;
    // Timers may fire a millisecond early.
    expect(third - first).toBeGreaterThanOrEqual(2 * (10 * TAKES_MS - 1));
  },
);
