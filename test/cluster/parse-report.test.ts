import { expect, test } from 'vitest';
import { parseReport } from '../../src/cluster/parse-report.ts';

test('a report with the last hour of 200 checks is parsed', () => {
  const lastHour = { start: 0, minutes: Array(60).fill([12, 0, 0.001]) };
  const report = { checks: Array(200).fill({ lastMinute: {}, certificateNotAfter: {}, lastHour }) };
  expect(parseReport(Buffer.from(JSON.stringify(report)))).toEqual(report);
});
