import { expect, test } from 'vitest';
import { errorEvent, failureCause, type Outcome, resultText } from '../src/model.ts';
import { failed, ok, unexpectedStatus } from './support/fake-check.ts';

test.each<[string, string | undefined, string | undefined, Outcome]>([
  ['ok', undefined, undefined, ok()],
  [
    '503 Service Unavailable',
    'status_code_503',
    'status',
    unexpectedStatus(503, 'Service Unavailable'),
  ],
  ['connecting: refused', 'connect_done', 'refused', failed('connect', 'connecting: refused')],
])('an outcome has the text "%s", its event and its cause', (text, event, cause, outcome) => {
  expect(resultText(outcome)).toBe(text);
  expect(errorEvent(outcome)).toBe(event);
  expect(failureCause(outcome)).toBe(cause);
});
