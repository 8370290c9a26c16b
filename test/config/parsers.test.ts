import { describe, expect, test } from 'vitest';
import {
  baseUrl,
  buckets,
  duration,
  extraChecks,
  host,
  ipAddress,
  labelSelector,
  name,
} from '../../src/config/parsers.ts';

/** Fails the test: values that are used despite a warning are tested through `readConfig()`. */
const noWarning = (message: string) => {
  throw new Error(`an unexpected warning: ${message}`);
};

describe('duration()', () => {
  const parse = duration('0s', '24h');

  test.each([
    ['5s', 5_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
    ['0', 0],
    ['0s', 0],
    ['.5s', 500],
    ['1.s', 1_000],
    ['250us', 0.25],
    ['250µs', 0.25],
    ['250μs', 0.25],
    ['1500000ns', 1.5],
    ['1h1m1s1ms', 3_661_001],
    ['24h', 86_400_000],
  ])('reads %s as Go does', (text, milliseconds) => {
    expect(parse(text, noWarning)).toBeCloseTo(milliseconds, 9);
  });

  test.each(['5', '5 s', ' 5s', '-5s', '1d', 's', '.s', '5S', '1m30', '1e3s', '5s,', '١s', '00'])(
    'rejects "%s"',
    (text) => {
      expect(() => parse(text, noWarning)).toThrow(
        'must be a duration such as "5s", "1m30s" or "500ms"',
      );
    },
  );

  test('names the allowed range', () => {
    expect(() => parse('25h', noWarning)).toThrow('must be a duration from 0s to 24h');
    const atLeastTen = duration('10ms', '1h');
    expect(() => atLeastTen('9ms', noWarning)).toThrow('must be a duration from 10ms to 1h');
    expect(() => atLeastTen('1h1ns', noWarning)).toThrow('must be a duration from 10ms to 1h');
  });
});

describe('host()', () => {
  test.each([
    ['10.96.0.1', '10.96.0.1'],
    ['kubernetes.default.svc.cluster.local', 'kubernetes.default.svc.cluster.local'],
    ['kubernetes.default.svc.cluster.local.', 'kubernetes.default.svc.cluster.local.'],
    ['API-server_1', 'API-server_1'],
    ['fd00:10:96::1', '[fd00:10:96::1]'],
    ['::1', '[::1]'],
  ])('reads %s', (text, inUrl) => {
    expect(host(text, noWarning)).toBe(inUrl);
    expect(URL.canParse(`https://${inUrl}:443/version`)).toBe(true);
  });

  test.each([
    ['no name', 'kubernetes default'],
    ['a URL', 'https://10.96.0.1'],
    ['with a port', '10.96.0.1:443'],
    ['an IPv6 address that is in brackets already', '[::1]'],
    ['an IPv6 address of an interface', 'fe80::1%eth0'],
    ['past the last IPv4 address', '10.96.0.256'],
    ['what a URL would read as 10.0.0.1', '10.1'],
    ['what a URL would read as 8.0.0.1', '010.0.0.1'],
    ['begun by a dash', '-a'],
  ])('rejects %s: %s', (_, text) => {
    expect(() => host(text, noWarning)).toThrow('must be a host name or an IP address');
  });
});

test.each(['', ' ', 'a b', 'A', 'a_b', '-a', 'a-', 'a'.repeat(254)])(
  'name() rejects "%s"',
  (text) => {
    expect(() => name(text, noWarning)).toThrow('must be a Kubernetes name');
  },
);

test.each(['k8s-66', 'ip-10-0-0-1.eu-west-1.compute.internal', '1'])(
  'name() accepts %s',
  (text) => {
    expect(name(text, noWarning)).toBe(text);
  },
);

test.each(['0.0.0.0', '::', '127.0.0.1', '::1'])('ipAddress() accepts %s', (text) => {
  expect(ipAddress(text, noWarning)).toBe(text);
});

test.each([
  ['http://kubenurse:8080', 'http://kubenurse:8080/'],
  ['https://example.com/kubenurse/', 'https://example.com/kubenurse/'],
  ['https://[fd00::1]:8443', 'https://[fd00::1]:8443/'],
])('baseUrl() accepts %s', (text, href) => {
  expect(baseUrl(text, noWarning).href).toBe(href);
});

test.each(['ftp://example.com', 'example.com', 'example.com:80', 'http://', '/alwayshappy', '%'])(
  'upstream fault: a URL that does not parse is a panic at the first check: %s',
  (text) => {
    expect(() => baseUrl(text, noWarning)).toThrow('must be an http or https URL');
  },
);

describe('buckets()', () => {
  test('reads seconds, with space around them', () => {
    expect(buckets('0.001, 0.01,1e-1 ,1,10', noWarning)).toEqual([0.001, 0.01, 0.1, 1, 10]);
  });

  test.each(['-1,0,1,+Inf', '-1,0,1, inf', '-1,0,1,Infinity'])(
    'reads %s as upstream does',
    (text) => {
      expect(buckets(text, noWarning)).toEqual([-1, 0, 1]);
    },
  );

  test.each([
    '1,0.5',
    '1,1',
    '',
    '1,',
    ',1',
    '1,,2',
    '1;2',
    'a',
    '+Inf',
    '+Inf,1',
    '1,-Inf',
    'NaN',
  ])('rejects "%s"', (text) => {
    expect(() => buckets(text, noWarning)).toThrow('must be increasing numbers of seconds');
  });
});

describe('extraChecks()', () => {
  test('reads name:url|name:url', () => {
    const checks = extraChecks(
      'google:https://www.google.com|a.b_c-1:http://[::1]:80/x?y=1 ',
      noWarning,
    );
    expect(checks.map(({ name, url }) => `${name} ${url}`)).toEqual([
      'google https://www.google.com/',
      'a.b_c-1 http://[::1]/x?y=1',
    ]);
  });

  test.each([
    ['tcp://db.example:5432', 'tcp://db.example:5432'],
    ['TCP://DB.example:5432/', 'tcp://db.example:5432'],
    ['tls://[FD00::1]:443', 'tls://[fd00::1]:443'],
    ['dns:example.com', 'dns:example.com?type=A'],
    ['dns:Example.com.?type=txt', 'dns:example.com?type=TXT'],
    ['dns:_https._tcp.example.com?class=IN;type=SRV', 'dns:_https._tcp.example.com?type=SRV'],
    ['dns://10.96.0.10/example.com', 'dns://10.96.0.10:53/example.com?type=A'],
    ['dns://[fd00::10]:5353/a.b?type=AAAA', 'dns://[fd00::10]:5353/a.b?type=AAAA'],
    ['dns://kube-dns.kube-system.svc/a', 'dns://kube-dns.kube-system.svc:53/a?type=A'],
  ])('reads the target %s', (text, href) => {
    const [check] = extraChecks(`a:${text}`, noWarning);
    expect(check?.url.href).toBe(href);
    // Reading the result gives the same again.
    expect(extraChecks(`a:${href}`, noWarning)).toEqual([check]);
  });

  test.each([
    'tcp://db.example',
    'tcp://db.example:0',
    'tcp://db.example:65536',
    'tcp://db.example:1/path',
    'tcp://user@db.example:1',
    'tcp://10.1:80',
    'tcp://10.0.0.256:80',
    'tcp://:80',
    'tls://db.example',
    'dns:',
    'dns:a b',
    'dns:example.com?type=MX',
    'dns:example.com?class=CH',
    'dns:example.com?x=1',
    'dns://10.0.0.10:0/a',
    'dns://10.0.0.10',
    `dns:${'a'.repeat(64)}`,
  ])('rejects the target %s', (text) => {
    expect(() => extraChecks(`a:${text}`, noWarning)).toThrow(
      /^must give the check "a" a target of the form (tcp|tls|dns):/,
    );
  });

  test.each([
    ['google', 'must be name:url|name:url with names of 1 to 100 printable characters'],
    ['a\x1b[2J:http://x', 'must be name:url|name:url with names of 1 to 100 printable characters'],
    ['a\x85b:http://x', 'must be name:url|name:url with names of 1 to 100 printable characters'],
    [
      `${'a'.repeat(101)}:http://x`,
      'must be name:url|name:url with names of 1 to 100 printable characters',
    ],
    [':http://x', 'must be name:url|name:url with names of 1 to 100 printable characters'],
    ['a:http://x|', 'must be name:url|name:url with names of 1 to 100 printable characters'],
    ['a:http://x|b:y', 'must give the check "b" a target of the form http://host/path or'],
    ['https://x', 'must give the check "https" a target of the form http://host/path or'],
    ['a:ftp://x:1', 'must give the check "a" a target of the form http://host/path or'],
    ['a:https://x:y', 'must give the check "a" a target of the form https://host/path'],
    ['a:', 'must give the check "a" a target of the form http://host/path or'],
    ['me_ingress:http://x', 'must not name a check "me_ingress": that name is reserved'],
    ['path_k8s-66:http://x', 'must not name a check "path_k8s-66": that name is reserved'],
    ['rotating:http://x', 'must not name a check "rotating": that name is reserved'],
    ['dns_x:http://x', 'must not name a check "dns_x": that name is reserved'],
    ['neighbourhood:http://x', 'must not name a check "neighbourhood": that name is reserved'],
    [
      'neighbourhood_state:http://x',
      'must not name a check "neighbourhood_state": that name is reserved',
    ],
  ])('reports what is wrong with %s', (text, message) => {
    expect(() => extraChecks(text, noWarning)).toThrow(message);
  });
});

describe('labelSelector()', () => {
  test.each([
    'app=kubenurse',
    'app==kubenurse',
    'app!=kubenurse',
    'app',
    '!app',
    'app=',
    'app.kubernetes.io/name=kubenurse',
    'app=kubenurse,tier=node',
    ' app = kubenurse , tier != node ',
    'app in (kubenurse, other),tier notin (a)',
    'app in(a,)',
    'generation>1,generation<10',
  ])('accepts %s as kubectl does', (text) => {
    expect(labelSelector(text, noWarning)).toBe(text);
  });

  test.each([
    'app=kube nurse',
    'app:kubenurse',
    '=kubenurse',
    'app=kubenurse,',
    ',app',
    'app=(a)',
    'app in a',
    'app in ()',
    'app in (a',
    '{app: kubenurse}',
    'app=kubenurse&limit=1',
    'generation>',
    `app=${'a'.repeat(1_000)}`,
  ])('rejects %s', (text) => {
    expect(() => labelSelector(text, noWarning)).toThrow(
      'must be a label selector such as "app=kubenurse"',
    );
  });

  test.each(['app in (a', 'app= '])('responds at once however often "%s" is repeated', (part) => {
    const begin = performance.now();
    expect(() => labelSelector(`${`${part} , , `.repeat(20)}!`, noWarning)).toThrow(
      'must be a label selector',
    );
    expect(() => labelSelector(`${`${part},`.repeat(40)}!`, noWarning)).toThrow(
      'must be a label selector',
    );
    // It takes hours if each part is tried with every other.
    expect(performance.now() - begin).toBeLessThan(20_000);
  });
});
