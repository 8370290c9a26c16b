import { expect, test } from 'vitest';
import { clusterText } from '../../../src/cluster-text/cluster-text.ts';
import { documentOf, partsSteps } from '../../../src/pages/cluster-page/layout.ts';
import type { ClusterView } from '../../../src/verdict/report.ts';
import { finish } from '../../../src/verdict/steps.ts';
import { verdict } from '../../../src/verdict/verdict.ts';
import { simulatedCluster } from '../../verdict/simulator/cluster.ts';
import type { Broken } from '../../verdict/simulator/faults.ts';
import { look, NOW } from '../../verdict/simulator/look.ts';

const cluster = simulatedCluster(1_200, 2);
const all = new Set(cluster.nodes.map(({ name }) => name));
const zone = new Set(cluster.nodes.filter((node) => node.zone === 'a').map(({ name }) => name));
const rest = all.difference(zone);

const FAULTS: readonly (readonly [string, readonly Broken[], collector: string])[] = [
  ['a quiet cluster', [], 'node-1'],
  ['DNS that fails', [{ kind: 'dns', where: 'cluster', nodes: all, age: 60 }], 'node-1'],
  [
    'an ingress that fails in places',
    [{ kind: 'ingress', cause: 'tls', where: 'zone', nodes: zone, age: 60 }],
    'node-1',
  ],
  ['a split', [{ kind: 'split', sides: [zone, rest], bothWays: true, age: 900 }], 'node-1'],
  ['a pod that is cut off', [{ kind: 'isolated', node: 'node-7', age: 900 }], 'node-7'],
];

/**
 * Numbers from 1000 on without a separator, except those in names, versions, addresses, dates and
 * times.
 */
function bareNumbers(text: string): string[] {
  return text.match(/(?<![\w.,:/-])\d{4,}(?![\w.:-])/g) ?? [];
}

function pageText(view: ClusterView): string {
  const parts = finish(partsSteps({ view, findings: verdict(view) }, 'runbooks/'));
  const markup = documentOf(parts, { now: NOW });
  return markup.replace(/<(script|style)[\s\S]*?<\/\1>/g, '').replaceAll(/<[^>]*>/g, ' ');
}

test.each(FAULTS)('numbers from 1,000 on have a separator: %s', (_, faults, collector) => {
  const view = look({ seed: 3, cluster, faults, collector });
  const texts = [clusterText({ view, findings: verdict(view) }, 'runbooks/'), pageText(view)];
  for (const text of texts) {
    expect(bareNumbers(text)).toEqual([]);
    expect(text).toMatch(/\b1,\d{3}\b/);
  }
});
