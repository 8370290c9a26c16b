import { expect, test } from 'vitest';
import { withExportedLabels } from '../../exporters/exported-labels.ts';
import { meterFor, retiringReader } from './read-metrics.ts';

test('withExportedLabels() renames what would hide where a series was measured, and nothing else', async () => {
  const reader = retiringReader();
  const meter = meterFor(reader);
  meter.createGauge('info').record(1, { type: 'path_b', node: 'b', pod: 'p', pod_ip: '10.0.0.1' });
  meter.createCounter('checks').add(2, { type: 'path_b' });
  const { resourceMetrics } = await reader.read(1_000);
  const renamed = withExportedLabels(resourceMetrics);
  const attributes = renamed.scopeMetrics
    .flatMap(({ metrics }) => metrics)
    .map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints[0]?.attributes]);
  expect(attributes).toEqual([
    ['info', { type: 'path_b', exported_node: 'b', exported_pod: 'p', pod_ip: '10.0.0.1' }],
    ['checks', { type: 'path_b' }],
  ]);
  expect(renamed.scopeMetrics[0]?.metrics[1]?.dataPoints[0]?.value).toBe(2);
});
