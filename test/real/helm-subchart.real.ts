import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingTools } from '../../lab/tools/tool.ts';
import { CHART, helm, render, type Values } from './helm.ts';
import { ofKind, probeOf, readManifests } from './rendered.ts';

/** What a parent chart, with this one in it, renders from its values. */
async function renderParent(values: Values) {
  const folder = await mkdtemp(join(tmpdir(), 'parent-chart-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const dependency = {
    name: 'kubenurse',
    version: '*',
    repository: '',
    condition: 'kubenurse.enabled',
    tags: ['monitoring'],
  };
  const chart = {
    apiVersion: 'v2',
    name: 'platform',
    version: '1.0.0',
    dependencies: [dependency],
  };
  await writeFile(join(folder, 'Chart.yaml'), JSON.stringify(chart));
  await cp(CHART, join(folder, 'charts/kubenurse'), { recursive: true });
  return readManifests(
    await helm(['template', 'platform', folder, '--namespace=kubenurse'], values),
  );
}

describe.skipIf(missingTools(['helm']).length > 0)('the Helm chart as a part of another', () => {
  test('renders with what Helm and the other chart add to its values', async () => {
    const rendered = await renderParent({
      global: { imageRegistry: 'registry.example.com' },
      tags: { monitoring: true },
      kubenurse: {
        enabled: true,
        global: { team: 'network' },
        'x-labels': { team: 'network' },
        podLabels: { team: 'network' },
        serviceMonitor: { enabled: true },
      },
    });
    expect(probeOf(rendered).template.metadata?.labels).toMatchObject({
      team: 'network',
      'app.kubernetes.io/name': 'kubenurse',
      'app.kubernetes.io/instance': 'platform',
    });
    expect(ofKind(rendered, 'Service').map(({ metadata }) => metadata?.name)).toEqual([
      'platform-kubenurse',
    ]);
  });

  test('is left out by its condition, and by its tag', async () => {
    expect((await renderParent({ kubenurse: { enabled: false } })).objects).toEqual([]);
    expect((await renderParent({ tags: { monitoring: false } })).objects).toEqual([]);
  });

  test('renders by itself with the values of a part of another chart', async () => {
    const values = {
      enabled: true,
      tags: { monitoring: true },
      global: { a: 1 },
      'x-resources': { limits: { memory: '256Mi' } },
      resources: { limits: { memory: '256Mi' } },
    };
    expect(probeOf(await render(values)).container.resources?.limits).toEqual({ memory: '256Mi' });
  });
});
