import { describe, expect, test } from 'vitest';
import { verdict } from '../../src/verdict/verdict.ts';
import { type Broken, FIVE, smallView } from './small-view.ts';

const TWO = ['10.0.0.1', '10.0.0.2'];

/** Latencies of checks by name while the first name server is silent. */
const SLOW = { '* api_server_dns': 5.01, '* me_service': 5.01, '* me_ingress': 5.01 };

const NAMED = { '* api_server_dns': 'dns', '* me_service': 'dns', '* me_ingress': 'dns' } as const;

function findings(broken: Broken) {
  return verdict(smallView({ nodes: FIVE, nameServers: TWO, ...broken }));
}

describe('verdict() of name servers', () => {
  test('finds nothing while all respond', () => {
    expect(findings({})).toEqual([]);
  });

  test('one is silent for everybody, while names are resolved', () => {
    const all = findings({
      failing: { '* dns_10.0.0.1': 'dns', '* dns_tcp_10.0.0.1': 'dns' },
      slow: SLOW,
    });
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      kind: 'name_server',
      severity: 'warning',
      subject: { type: 'component', component: 'dns_10.0.0.1', scope: { in: 'cluster' } },
      witnesses: { agree: 5, of: 5 },
      headline: 'One of 2 name servers, 10.0.0.1, fails everywhere: it does not respond.',
      details: [
        'It fails on 5 of 5 nodes.',
        'The error: the text of dns.',
        'Names are still resolved there, but look-ups that query this server first take longer.',
      ],
      runbook: 'KubenurseNameServerFailing.md',
      victimCount: 10,
    });
    expect(all[0]?.notAffected).toContain(
      'the name server 10.0.0.2 and the name server 10.0.0.2 over TCP',
    );
  });

  test('one is silent on one node', () => {
    const all = findings({
      failing: { 'node-2 dns_10.0.0.1': 'dns', 'node-2 dns_tcp_10.0.0.1': 'dns' },
      slow: { 'node-2 api_server_dns': 5.01, 'node-2 me_service': 5.01 },
    });
    expect(all.map(({ headline }) => headline)).toEqual([
      'One of 2 name servers, 10.0.0.1, fails on node-2: it does not respond.',
    ]);
  });

  test('one fails only over TCP', () => {
    const all = findings({ failing: { '* dns_tcp_10.0.0.2': 'dns' } });
    expect(all.map(({ headline }) => headline)).toEqual([
      'One of 2 name servers, 10.0.0.2, fails over TCP everywhere: it does not respond.',
    ]);
    expect(all[0]?.details[2]).toMatch(/^It responds over UDP/);
  });

  test('the only one fails, though names are resolved', () => {
    const failing = { '* dns_10.0.0.1': 'dns' } as const;
    const [first] = findings({ nameServers: ['10.0.0.1'], failing });
    expect(first?.headline).toBe('The name server 10.0.0.1 fails everywhere: it does not respond.');
  });

  test('if no name is resolved, DNS is at fault, with the state of its name servers', () => {
    const all = findings({
      failing: { ...NAMED, '* dns_10.0.0.1': 'dns', '* dns_tcp_10.0.0.1': 'dns' },
    });
    expect(all.map(({ kind }) => kind)).toEqual(['dns']);
    expect(all[0]?.details.at(-1)).toBe('Name servers: 10.0.0.1 fails, 10.0.0.2 responds.');
  });

  test('if they are not checked, a finding about DNS does not mention them', () => {
    const [dns] = findings({ failing: NAMED, nameServers: [] });
    expect(dns?.details.join(' ')).not.toContain('Name servers');
  });

  test('checks by name that are slow are a finding if every name server responds', () => {
    expect(findings({ slow: SLOW }).map(({ kind }) => kind)).toContain('slow');
  });

  test('reports none of them on a node that reaches nobody', () => {
    const failing = {
      ...Object.fromEntries([1, 3, 4, 5].map((to) => [`node-2 → node-${to}`, 'unreachable'])),
      'node-2 dns_10.0.0.1': 'dns',
      'node-2 dns_10.0.0.2': 'dns',
      'node-2 api_server_direct': 'unreachable',
      'node-2 api_server_dns': 'dns',
      'node-2 me_service': 'dns',
      'node-2 me_ingress': 'dns',
    } as const;
    expect(findings({ failing }).map(({ kind }) => kind)).toEqual(['node_reaches_nobody']);
  });
});
