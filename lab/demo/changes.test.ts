import { expect, test } from 'vitest';
import { changes } from './changes.ts';
import { type Report, readAlive } from './watch.ts';

function report(texts: Record<string, string>): Report {
  const results = Object.entries(texts).map(
    ([check, text]) => [check, { text, since: 0 }] as const,
  );
  return { node: 'node-1', results: new Map(results), latencies: new Map() };
}

test('changes() is silent about unchanged results, and checks that have never failed', () => {
  expect(changes(undefined, report({ a: 'ok', b: 'skipped' }))).toEqual([]);
  expect(changes(report({ a: 'refused' }), report({ a: 'refused', b: 'ok' }))).toEqual([]);
});

test('changes() reports checks that fail, fail differently, recover, or are removed', () => {
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
    'node-1 d: removed',
  ]);
});

test('changes() reports a changed number of neighbours', () => {
  const one = report({ 'path_node-2': 'ok' });
  expect(changes(one, report({ 'path_node-2': 'ok', 'path_node-3': 'ok' }))).toEqual([
    'node-1 neighbours: 2',
  ]);
  expect(changes(one, report({}))).toEqual(['node-1 neighbours: 0']);
});

test('readAlive() reads the checks of the last result, and throws on anything else', () => {
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
