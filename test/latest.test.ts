import { expect, test } from 'vitest';
import { Latest } from '../src/latest.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from './support/fake-check.ts';

test('Latest holds the last answer to each check that is being asked', () => {
  const latest = new Latest();
  const { begin, record, end } = latest.recorder;
  const [a, b] = [fakeCheck('a'), fakeCheck('b')];
  const answers = () => Object.fromEntries(latest.answers);
  expect(answers()).toEqual({});

  begin?.(a);
  begin?.(b);
  expect(answers()).toEqual({ a: 'not answered yet', b: 'not answered yet' });

  record({ check: a, outcome: ok() });
  record({ check: b, outcome: unexpectedStatus(503, 'Service Unavailable') });
  expect(answers()).toEqual({ a: 'ok', b: '503 Service Unavailable' });

  record({ check: a, outcome: failed('connect', 'connecting to 10.0.0.1: refused') });
  expect(answers()).toEqual({
    a: 'connecting to 10.0.0.1: refused',
    b: '503 Service Unavailable',
  });

  end?.(b);
  expect(answers()).toEqual({ a: 'connecting to 10.0.0.1: refused' });
});
