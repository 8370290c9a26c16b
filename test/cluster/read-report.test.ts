import { expect, test } from 'vitest';
import type { Subject } from '../../src/cluster/known-names.ts';
import { type Kept, readReport } from '../../src/cluster/read-report.ts';
import { smallView } from '../verdict/small-view.ts';

const KEPT: Kept = {
  checks: 1_000,
  names: { takes: () => true },
  texts: { name: (text) => text, word: (text) => text, text: (text) => text },
  takeHour: () => true,
};

const HOUR = {
  start: 1_700_000_000,
  minutes: [
    [12, 0, 0.001],
    [12, 12, null],
  ],
};

const VIEW = smallView({ failing: { 'node-1 → node-2': 'refused' } });
const REPORT = {
  ...VIEW.reports[0],
  checks: VIEW.reports[0]?.checks.map((check) => ({ ...check, lastHour: HOUR })),
};

function read(report: unknown, kept: Partial<Kept> = {}) {
  return readReport(JSON.parse(JSON.stringify(report)), { ...KEPT, ...kept });
}

/** The report, with other fields in its path to node-2. */
function withPath(fields: object) {
  return {
    ...REPORT,
    checks: REPORT.checks?.map((check) =>
      check.type === 'path_node-2' ? { ...check, ...fields } : check,
    ),
  };
}

test('readReport() returns a report as it is, without fields that it does not know', () => {
  expect(read(REPORT)).toEqual(REPORT);
  expect(read({ ...REPORT, more: 1, checks: [{ ...REPORT.checks?.[0], more: 1 }] })).toEqual({
    ...REPORT,
    checks: [REPORT.checks?.[0]],
  });
});

test('readReport() makes texts printable, and cuts them', () => {
  const text = `\u001b[31m\u202e${'x'.repeat(1_000)}`;
  const path = read(withPath({ text, zone: 'a\u0000b' })).checks.find(
    ({ type }) => type === 'path_node-2',
  );
  expect(path?.text).toBe(` [31m ${'x'.repeat(294)}`);
  expect(path?.zone).toBe('a b');
});

test('readReport() keeps when certificates expire, even if they never do or did long ago', () => {
  const certificateNotAfter = { leaf: 253_402_300_799, earliest: -1 };
  expect(read(withPath({ certificateNotAfter })).checks).toContainEqual(
    expect.objectContaining({ type: 'path_node-2', certificateNotAfter }),
  );
  for (const earliest of [1e12, '1', null]) {
    expect(() => read(withPath({ certificateNotAfter: { leaf: 1, earliest } }))).toThrow(
      'earliest must be a number from',
    );
  }
});

test('readReport() marks suspects, and no other check', () => {
  const suspects = (suspect: boolean) =>
    read(withPath({ suspect })).checks.filter((check) => 'suspect' in check);
  expect(suspects(true)).toMatchObject([{ type: 'path_node-2', suspect: true }]);
  expect(suspects(false)).toEqual([]);
});

test('readReport() reads a cause of a later version as "other"', () => {
  expect(read(withPath({ cause: 'gremlins' })).checks.map(({ cause }) => cause)).toContain('other');
});

test('readReport() keeps a check without its event and text if there is no room for these', () => {
  const fields = { event: 'dns_done', text: 'too long' };
  const { checks } = read(withPath(fields), {
    texts: { ...KEPT.texts, word: () => '', text: () => null },
  });
  expect(checks).toContainEqual(
    expect.objectContaining({ type: 'path_node-2', zone: '', event: null, text: null }),
  );
});

test('readReport() leaves out checks for which there is no room', () => {
  const asked: unknown[] = [];
  const takes = (subject: Subject) => asked.push(subject) !== 1 && subject.node !== 'node-2';
  const { checks } = read(REPORT, { names: { takes } });
  expect(asked).toMatchObject((REPORT.checks ?? []).map(({ type, node }) => ({ type, node })));
  expect(checks).toEqual(REPORT.checks?.slice(1).filter(({ node }) => node !== 'node-2'));
});

test('readReport() keeps as many checks and hours as there is room for', () => {
  expect(read(REPORT, { checks: 3 }).checks).toEqual(REPORT.checks?.slice(0, 3));
  let room = 2;
  const { checks } = read(REPORT, { takeHour: () => room-- > 0 });
  expect(checks.filter(({ lastHour }) => lastHour !== undefined)).toHaveLength(2);
});

const huge = (length: number) => Array.from({ length }, () => REPORT.checks?.[0]);

test.each<[report: unknown, message: string]>([
  [null, 'the report must be an object'],
  [[], 'the report must be an object'],
  [{ ...REPORT, schema: 2 }, 'schema must be 1'],
  [{ ...REPORT, zone: 5 }, 'zone must be a text'],
  [{ ...REPORT, startedAt: '1' }, 'startedAt must be a number from 0 to 100000000000'],
  [{ ...REPORT, reportedAt: -1 }, 'reportedAt must be a number from 0 to 100000000000'],
  [{ ...REPORT, neighbourhood: null }, 'neighbourhood must be an object'],
  [{ ...REPORT, checks: {} }, 'checks must be a list'],
  [withPath({ suspect: 'yes' }), 'suspect must be true or false'],
  [{ ...REPORT, checks: huge(10_001) }, 'checks must be a list of at most 10000'],
  [{ ...REPORT, checks: huge(2) }, 'type must be unique'],
  [
    withPath({ kind: 'dns' }),
    'kind must be one of api_server_direct, api_server_dns, me_ingress, me_service, path, udp, name_server, extra',
  ],
  [withPath({ node: 'node-3' }), 'type must be path_node-3'],
  [withPath({ kind: 'udp' }), 'type must be udp_node-2'],
  [withPath({ kind: 'name_server' }), 'type must be dns_<address>'],
  [withPath({ kind: 'me_service' }), 'type must be me_service'],
  [withPath({ state: 'fine' }), 'state must be one of ok, failing, pending'],
  [withPath({ consecutive: 1.5 }), 'consecutive must be a whole number'],
  [withPath({ since: true }), 'since must be a number from 0 to 100000000000'],
  [withPath({ lastAt: true }), 'lastAt must be a number from 0 to 100000000000'],
  [withPath({ byName: 'yes' }), 'byName must be true or false'],
  [withPath({ lastMinute: 1 }), 'lastMinute must be an object'],
  [
    withPath({ lastMinute: { checks: 1, failures: 0, medianSeconds: -1 } }),
    'medianSeconds must be a number from 0 to 86400',
  ],
  [
    withPath({ lastHour: { start: 1, minutes: Array(61).fill([1, 0, null]) } }),
    'minutes must be a list of at most 60',
  ],
  [
    withPath({ lastHour: { start: 1, minutes: [[1, 0, 'fast']] } }),
    'the median of a minute must be a number from 0 to 86400',
  ],
])('readReport() refuses an invalid report (%#)', (report, message) => {
  expect(() => read(report)).toThrow(message);
});
