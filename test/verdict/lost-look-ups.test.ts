import { expect, test } from 'vitest';
import { verdict } from '../../src/verdict/verdict.ts';
import { smallView } from './small-view.ts';

const GONE = { silent: { 'node-2': 'unreachable' } } as const;
const NO_NAMES = {
  '* api_server_dns': 'dns',
  '* me_service': 'dns',
  '* me_ingress': 'dns',
} as const;

/** Node-2 is gone, and these look-ups have failed `consecutive` times in a row. */
function headlines(failing: Readonly<Record<string, 'dns'>>, consecutive: number): string[] {
  return verdict(smallView({ ...GONE, failing, consecutive })).map(({ headline }) => headline);
}

test('look-ups that fail now and then are explained by a node that is gone', () => {
  const failing = { '* api_server_dns': 'dns', 'node-3 me_service': 'dns' } as const;
  const findings = verdict(smallView({ ...GONE, failing, consecutive: 2 }));
  expect(findings).toMatchObject([{ kind: 'node_unreachable', victimCount: 5 }]);
  expect(findings[0]?.details).toContain(
    "Name look-ups fail now and then on node-1 and node-3: a pod of the cluster's DNS may be on node-2.",
  );
  expect(findings[0]?.victims).toContainEqual({ node: 'node-3', type: 'me_service' });
});

test('when no look-up succeeds any more, DNS is at fault in addition to the node that is gone', () => {
  expect(headlines(NO_NAMES, 3)).toHaveLength(1);
  expect(headlines(NO_NAMES, 4)).toEqual([
    'node-2 is unreachable: nothing responds.',
    'DNS fails on every node that reports: the name cannot be resolved.',
  ]);
});

test('if look-ups fail on one node of many, a node that is gone does not explain it', () => {
  const nodes = Object.fromEntries(['1', '2', '3', '4', '5'].map((each) => [`node-${each}`, '']));
  const failing = { 'node-3 api_server_dns': 'dns', 'node-3 me_service': 'dns' } as const;
  const found = verdict(smallView({ ...GONE, nodes, failing, consecutive: 3 }));
  expect(found.map(({ headline }) => headline)).toContain(
    'DNS fails on node-3: the name cannot be resolved.',
  );
});
