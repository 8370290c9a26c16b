import { expect, test } from 'vitest';
import { RequestOrder } from '../../src/cluster/request-order.ts';
import type { CheckReport } from '../../src/verdict/report.ts';

const PODS = Array.from({ length: 50 }, (_, index) => ({
  pod: `pod-${index}`,
  node: `node-${index}`,
  zone: '',
  podIP: `10.0.0.${index}`,
  createdAt: 0,
}));

function path(node: string, state: CheckReport['state'], consecutive = 5): CheckReport {
  return { kind: 'path', type: `path_${node}`, node, state, consecutive } as CheckReport;
}

function rest(order: RequestOrder): string[] {
  const found: string[] = [];
  for (let pod = order.next(); pod !== undefined; pod = order.next()) found.push(pod.node);
  return found;
}

test('every pod comes once, in an order that differs each time', () => {
  const orders = Array.from({ length: 3 }, () => rest(new RequestOrder(PODS)));
  for (const order of orders) expect(new Set(order)).toEqual(new Set(PODS.map(({ node }) => node)));
  expect(new Set(orders.map((order) => order.join())).size).toBe(3);
});

test('a node that no check reaches comes last', () => {
  const order = new RequestOrder(PODS);
  order.learn([
    path('node-1', 'failing'),
    path('node-2', 'failing', 1),
    path('node-3', 'failing'),
    path('node-4', 'failing'),
    path('node-5', 'pending'),
  ]);
  order.learn([path('node-4', 'ok')]);
  const found = rest(order);
  expect(found).toHaveLength(50);
  expect(found.slice(-2).sort()).toEqual(['node-1', 'node-3']);
});
