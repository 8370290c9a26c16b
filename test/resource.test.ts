import { expect, test } from 'vitest';
import { resourceAttributes } from '../src/resource.ts';

const SELF = {
  podName: 'kubenurse-x2bwx',
  podUid: '8a6e1f6c-2f0d-4f0e-9a6b-0d6c1d1c2b3a',
  namespace: 'monitoring',
  nodeName: 'k8s-66',
  version: '1.2.3',
};

test('resourceAttributes() identifies the pod by the semantic conventions', () => {
  expect(resourceAttributes(SELF)).toEqual({
    'service.name': 'kubenurse',
    'service.version': '1.2.3',
    'service.instance.id': '8a6e1f6c-2f0d-4f0e-9a6b-0d6c1d1c2b3a',
    'k8s.namespace.name': 'monitoring',
    'k8s.pod.name': 'kubenurse-x2bwx',
    'k8s.pod.uid': '8a6e1f6c-2f0d-4f0e-9a6b-0d6c1d1c2b3a',
    'k8s.node.name': 'k8s-66',
  });
});

test('resourceAttributes() omits what is unknown, and identifies the pod by its name without a UID', () => {
  const unknown = { podUid: undefined, namespace: undefined, nodeName: undefined };
  expect(resourceAttributes({ ...SELF, ...unknown })).toEqual({
    'service.name': 'kubenurse',
    'service.version': '1.2.3',
    'service.instance.id': 'kubenurse-x2bwx',
    'k8s.pod.name': 'kubenurse-x2bwx',
  });
});
