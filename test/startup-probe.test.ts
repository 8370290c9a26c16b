import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { expect, test } from 'vitest';

const DEPLOY = join(import.meta.dirname, '../deploy');

/** The part of a manifest below `startupProbe:`, up to the next key of the container. */
function startupProbeOf(file: string): unknown {
  const text = readFileSync(join(DEPLOY, file), 'utf8');
  const [block = ''] = /^ {10}startupProbe:\n(?: {12}.*\n)+/m.exec(text) ?? [];
  return loadYaml(block);
}

test.each(['kustomize/base/daemonset.yaml', 'helm/kubenurse/templates/daemonset.yaml'])(
  '%s has kubelet check every second whether the program listens',
  (file) => {
    // Not /ready, which returns 503 on a cordoned node: kubelet would restart the container.
    expect(startupProbeOf(file)).toMatchObject({
      startupProbe: { httpGet: { path: '/alwayshappy' }, periodSeconds: 1, failureThreshold: 60 },
    });
  },
);
