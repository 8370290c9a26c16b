import { describe, expect, test } from 'vitest';
import { candidateNames, parseHosts, parseResolvConf } from '../../src/probes/resolv-conf.ts';

const DEFAULTS = {
  nameservers: ['127.0.0.1'],
  search: [],
  ndots: 1,
  timeout: 5,
  attempts: 2,
  noAAAA: false,
};

describe('parseResolvConf()', () => {
  test.each([
    ['options no-aaaa ndots:2', {}],
    ['options ndots:2', { RES_OPTIONS: 'no-aaaa' }],
  ])('obeys no-aaaa: %j, %o', (text, environment) => {
    expect(parseResolvConf(text, environment)).toEqual({ ...DEFAULTS, ndots: 2, noAAAA: true });
  });

  test('reads what the kubelet writes', () => {
    const text = [
      'search tools.svc.cluster.local svc.cluster.local cluster.local',
      'nameserver 10.96.0.10',
      'options ndots:5',
      '',
    ].join('\n');

    expect(parseResolvConf(text)).toEqual({
      ...DEFAULTS,
      nameservers: ['10.96.0.10'],
      search: ['tools.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
    });
  });

  test.each<[string, string, Partial<typeof DEFAULTS> | { search: string[] }]>([
    ['nothing', '', {}],
    [
      'comments',
      '# nameserver 10.0.0.1\n; search a\nnameserver 10.0.0.2 # here\n',
      { nameservers: ['10.0.0.2'] },
    ],
    [
      'what it does not know',
      'sortlist 1.2.3.4\noptions rotate edns0 ndots:x no-tld-query\nnonsense\n',
      {},
    ],
    ['blanks', 'nameserver\t 10.0.0.1 \r\n\n', { nameservers: ['10.0.0.1'] }],
    ['IPv6', 'nameserver ::1\nnameserver fe80::1%eth0\n', { nameservers: ['::1', 'fe80::1%eth0'] }],
    [
      'ports',
      'nameserver 127.0.0.1:5353\nnameserver [::1]:5353\n',
      { nameservers: ['127.0.0.1:5353', '[::1]:5353'] },
    ],
    [
      'three name servers at most',
      [1, 2, 3, 4].map((n) => `nameserver 10.0.0.${n}\n`).join(''),
      { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3'] },
    ],
    [
      'no name server that is not an address',
      'nameserver\nnameserver dns.test\nnameserver 1.2.3\nnameserver 10.0.0.1\n',
      { nameservers: ['10.0.0.1'] },
    ],
    [
      'no name server with an invalid port',
      'nameserver 10.0.0.1:0\nnameserver 10.0.0.2:65536\nnameserver [::1]:0\nnameserver 10.0.0.3:65535\n',
      { nameservers: ['10.0.0.3:65535'] },
    ],
    [
      'the last of search and domain',
      'search a b\ndomain c d\nsearch e f\n',
      { search: ['e', 'f'] },
    ],
    ['one domain', 'search a b\ndomain c d\n', { search: ['c'] }],
    [
      'several options',
      'options ndots:2 timeout:3\noptions attempts:4 ndots:7\n',
      { ndots: 7, timeout: 3, attempts: 4 },
    ],
    [
      'options within bounds',
      'options ndots:99 timeout:99 attempts:99',
      { ndots: 15, timeout: 30, attempts: 5 },
    ],
    [
      'options of nothing',
      'options ndots:0 timeout:0 attempts:0',
      { ndots: 0, timeout: 1, attempts: 1 },
    ],
  ])('takes %s', (_, text, expected) => {
    expect(parseResolvConf(text)).toEqual({ ...DEFAULTS, ...expected });
  });

  test('lets LOCALDOMAIN and RES_OPTIONS override the file', () => {
    const text = 'search a b\noptions ndots:5 timeout:2\n';

    expect(
      parseResolvConf(text, { LOCALDOMAIN: 'c  d', RES_OPTIONS: 'ndots:3 attempts:1' }),
    ).toEqual({
      ...DEFAULTS,
      search: ['c', 'd'],
      ndots: 3,
      timeout: 2,
      attempts: 1,
    });
    expect(parseResolvConf(text, { LOCALDOMAIN: '', RES_OPTIONS: '' })).toEqual(
      parseResolvConf(text),
    );
  });
});

describe('candidateNames()', () => {
  test.each([
    { name: 'a', search: ['x', 'y.z'], ndots: 1, names: ['a.x', 'a.y.z', 'a'] },
    { name: 'a.b', search: ['x', 'y.z'], ndots: 1, names: ['a.b', 'a.b.x', 'a.b.y.z'] },
    { name: 'a.b', search: ['x'], ndots: 2, names: ['a.b.x', 'a.b'] },
    { name: 'a.b.c', search: ['x'], ndots: 2, names: ['a.b.c', 'a.b.c.x'] },
    { name: 'a', search: ['x'], ndots: 0, names: ['a', 'a.x'] },
    { name: 'a', search: [], ndots: 5, names: ['a'] },
    { name: 'a.', search: ['x'], ndots: 5, names: ['a'] },
    { name: 'a.b.', search: ['x'], ndots: 5, names: ['a.b'] },
    { name: 'a', search: ['.', 'x'], ndots: 1, names: ['a', 'a.x'] },
    { name: 'a', search: ['x', 'x'], ndots: 1, names: ['a.x', 'a'] },
  ])('$name, search $search, ndots $ndots: $names', ({ name, search, ndots, names }) => {
    expect(candidateNames(name, { ...DEFAULTS, search, ndots })).toEqual(names);
  });
});

test('parseHosts() returns the addresses of each name, in the order of the file', () => {
  const text = [
    '# written by the kubelet',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost # both',
    '10.0.0.1   Pod-A.Example pod-a',
    '10.0.0.1 pod-a',
    '10.0.0.2 pod-a',
    '10.0.0.3',
    'nonsense pod-b',
    '',
  ].join('\n');

  expect(Object.fromEntries(parseHosts(text))).toEqual({
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    'pod-a.example': ['10.0.0.1'],
    'pod-a': ['10.0.0.1', '10.0.0.2'],
  });
});
