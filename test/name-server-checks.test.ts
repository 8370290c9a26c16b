import { describe, expect, test } from 'vitest';
import { createNameServerChecks } from '../src/name-server-checks.ts';
import type { NameServerOptions } from '../src/probes/name-server.ts';
import { ok } from './support/fake-check.ts';

const QUERY = new URL('dns:kubernetes.default?type=A');

/** The checks of these name servers, and the options of their probes. */
function checksOf(...servers: string[]) {
  let current: readonly string[] = servers;
  const made: NameServerOptions[] = [];
  const checks = createNameServerChecks({
    query: QUERY,
    nameservers: () => current,
    candidates: (name) => [name, `${name}.svc`],
    createProbe: (options) => {
      made.push(options);
      return async () => ok();
    },
  });
  return { checks, made, replace: (...others: string[]) => (current = others) };
}

describe('createNameServerChecks()', () => {
  test.each([
    ['10.96.0.10', '10.96.0.10', 53, 'dns://10.96.0.10:53/kubernetes.default?type=A'],
    ['127.0.0.1:1053', '127.0.0.1', 1053, 'dns://127.0.0.1:1053/kubernetes.default?type=A'],
    ['fd00::a', 'fd00::a', 53, 'dns://[fd00::a]:53/kubernetes.default?type=A'],
    ['[fd00::a]:1053', 'fd00::a', 1053, 'dns://[fd00::a]:1053/kubernetes.default?type=A'],
    ['fe80::a%eth0', 'fe80::a%eth0', 53, 'dns://[fe80::a]:53/kubernetes.default?type=A'],
  ])('checks %s over UDP and over TCP', (listed, address, port, url) => {
    const { checks, made } = checksOf(listed);
    expect(checks().map(({ key, type, target }) => [key, type, target.url.href])).toEqual([
      [`dns_${listed}`, `dns_${listed}`, url],
      [`dns_tcp_${listed}`, `dns_tcp_${listed}`, url],
    ]);
    const server = { address, port };
    expect(made).toMatchObject([
      { server, transport: 'udp', type: 'A' },
      { server, transport: 'tcp', type: 'A' },
    ]);
    expect(made[0]?.names()).toEqual(['kubernetes.default', 'kubernetes.default.svc']);
  });

  test('checks a name server that is listed twice only once', () => {
    expect(checksOf('10.0.0.1', '10.0.0.2', '10.0.0.1').checks()).toHaveLength(4);
  });

  test('recreates the checks only when the name servers change', () => {
    const { checks, replace } = checksOf('10.0.0.1');
    const before = checks();
    expect(checks()).toBe(before);
    replace('10.0.0.2');
    expect(checks().map(({ type }) => type)).toEqual(['dns_10.0.0.2', 'dns_tcp_10.0.0.2']);
  });
});
