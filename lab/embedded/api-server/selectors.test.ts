import { expect, test } from 'vitest';
import type { KubeObject } from '../../parts/control-plane.ts';
import { parseFieldSelector, parseLabelSelector } from './selectors.ts';

const object: KubeObject = {
  metadata: {
    name: 'one',
    namespace: 'kubenurse',
    labels: { app: 'kubenurse', 'example.org/tier': 'front', empty: '' },
  },
  spec: { nodeName: 'node-1', unschedulable: true },
  status: { phase: 'Running' },
};

test.each([
  ['', true],
  [' ', true],
  ['app=kubenurse', true],
  ['app==kubenurse', true],
  ['app=other', false],
  ['missing=x', false],
  ['app!=other', true],
  ['app!=kubenurse', false],
  ['missing!=x', true],
  ['app in (a, kubenurse)', true],
  ['app in(a,b)', false],
  ['missing in ()', false],
  ['empty in ()', true],
  ['app notin (a,b)', true],
  ['app notin (kubenurse)', false],
  ['missing notin (a)', true],
  ['app', true],
  ['missing', false],
  ['!missing', true],
  ['! app', false],
  ['empty=', true],
  ['app=', false],
  ['example.org/tier=front', true],
  ['app = kubenurse , example.org/tier in (front,back),!missing', true],
  ['app=kubenurse,missing', false],
])('parseLabelSelector(%j) matches: %j', (selector, matches) => {
  expect(parseLabelSelector(selector)(object)).toBe(matches);
});

test.each([
  'app=a=b',
  'app=a b',
  'app in a',
  'app in (a',
  'app in (a b)',
  'app=kubenurse,',
  ',app',
  'app,,empty',
  '=kubenurse',
  '!app=a',
  '!',
  '-app=a',
  'a/b/c=d',
  'UPPER.case/app=a',
  'app=-a',
  `app=${'x'.repeat(64)}`,
  `${'x'.repeat(64)}=app`,
  'app=ä',
])('parseLabelSelector(%j) throws', (selector) => {
  expect(() => parseLabelSelector(selector)).toThrow(/^unable to parse requirement: ./);
});

test.each([
  ['pods', '', true],
  ['pods', 'metadata.name=one', true],
  ['pods', 'metadata.name==two', false],
  ['pods', 'metadata.name!=two', true],
  ['pods', 'metadata.namespace=kubenurse', true],
  ['pods', 'spec.nodeName=node-1,status.phase=Running', true],
  ['pods', 'spec.nodeName=node-1,status.phase!=Running', false],
  ['nodes', 'spec.unschedulable=true', true],
  ['nodes', 'spec.unschedulable=false', false],
  ['nodes', 'spec.unschedulable!=false', true],
] as const)('parseFieldSelector(%s, %j) matches: %j', (resource, selector, matches) => {
  expect(parseFieldSelector(resource, selector)(object)).toBe(matches);
});

test('parseFieldSelector() treats a field that is absent as its zero value', () => {
  const bare = { metadata: { name: 'bare' } };
  expect(parseFieldSelector('nodes', 'spec.unschedulable=false')(bare)).toBe(true);
  expect(parseFieldSelector('pods', 'spec.nodeName=')(bare)).toBe(true);
});

test.each([
  ['pods', 'spec.unschedulable=true', 'field label not supported: spec.unschedulable'],
  ['nodes', 'status.phase=Running', 'field label not supported: status.phase'],
  ['nodes', 'constructor=x', 'field label not supported: constructor'],
  ['nodes', 'metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ['nodes', 'a=b=c', "invalid selector: 'a=b=c'; can't understand 'a=b=c'"],
] as const)('parseFieldSelector(%s, %j) throws', (resource, selector, message) => {
  expect(() => parseFieldSelector(resource, selector)).toThrow(new SyntaxError(message));
});
