import { expect, test } from 'vitest';
import { changes } from './changes.ts';
import { type Report, readAlive } from './watch.ts';

function report(texts: Record<string, string>): Report {
  const answers = Object.entries(texts).map(
    ([check, text]) => [check, { text, since: 0 }] as const,
  );
  return { node: 'node-1', answers: new Map(answers) };
}

test('changes() says nothing of what is as before, or was fine from the start', () => {
  expect(changes(undefined, report({ a: 'ok', b: 'skipped' }))).toEqual([]);
  expect(changes(report({ a: 'refused' }), report({ a: 'refused', b: 'ok' }))).toEqual([]);
});

test('changes() says what begins to fail, fails otherwise, recovers, and is asked no longer', () => {
  expect(changes(undefined, report({ a: 'refused' }))).toEqual(['node-1 a: refused']);
  expect(
    changes(
      report({ a: 'ok', b: 'refused', c: 'refused', d: 'refused', e: 'ok' }),
      report({ a: 'refused', b: '503 Service Unavailable', c: 'ok' }),
    ),
  ).toEqual([
    'node-1 a: refused',
    'node-1 b: 503 Service Unavailable',
    'node-1 c: ok',
    'node-1 d: asked no longer',
  ]);
});

test('changes() says how many neighbours there are, when it is another number', () => {
  const one = report({ 'path_node-2': 'ok' });
  expect(changes(one, report({ 'path_node-2': 'ok', 'path_node-3': 'ok' }))).toEqual([
    'node-1 neighbours: 2',
  ]);
  expect(changes(one, report({}))).toEqual(['node-1 neighbours: 0']);
});

test('readAlive() reads the checks of the last result, and throws for what is no /alive', () => {
  const body = JSON.stringify({
    hostname: 'kubenurse-1',
    last_check_result: { me_service: 'ok', 'path_node-2': 'refused', neighbourhood: [] },
  });
  expect([...readAlive(body)]).toEqual([
    ['me_service', 'ok'],
    ['path_node-2', 'refused'],
  ]);
  expect(() => readAlive('{}')).toThrow('/alive has no last_check_result');
  expect(() => readAlive('Not Found')).toThrow(SyntaxError);
});
