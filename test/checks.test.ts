import { describe, expect, test } from 'vitest';
import { createChecks, type Targets } from '../src/checks.ts';
import type { Check, Neighbour, Probe } from '../src/model.ts';
import type { Neighbourhood } from '../src/neighbours/discover.ts';
import { ok } from './support/fake-check.ts';

const PROBES = {
  apiServer: async () => ok(),
  neighbour: async () => ok(),
  rotating: async () => ok(),
  other: async () => ok(),
} satisfies Record<string, Probe>;

const STARTED = { isTooEarly: async () => false };

const QUESTIONS: Targets = {
  apiServerDirect: new URL('https://10.96.0.1:443/version'),
  apiServerDns: new URL('https://kubernetes.default.svc.cluster.local:443/version'),
  meIngress: new URL('https://kubenurse.example.com/alwayshappy'),
  meService: new URL('http://kubenurse:8080/alwayshappy'),
  extra: [],
  neighbours: { scheme: 'http', port: 8080 },
};

/** A neighbourhood of one pod per node; the pods on the nodes in `gone` have left. */
function neighbourhoodOf(ipByNode: Record<string, string>, gone: readonly string[] = []) {
  return {
    neighbours: () =>
      Object.entries(ipByNode).map(([nodeName, podIP]) => ({
        podName: `kubenurse-${nodeName}`,
        podIP,
        hostIP: podIP,
        nodeName,
        phase: 'Running',
        zone: '',
      })),
    isGone: async ({ nodeName }: Neighbour) => gone.includes(nodeName),
  } as unknown as Neighbourhood;
}

/** The checks as `type url probe`. */
function table(targets: Partial<Targets>, neighbourhood?: Neighbourhood): string[] {
  const checks = createChecks({ ...QUESTIONS, ...targets }, PROBES, neighbourhood, STARTED)();
  return checks.map(({ type, target, probe }) => {
    const [name] = Object.entries(PROBES).find(([, known]) => known === probe) ?? [];
    return `${type} ${target.url} ${name}`;
  });
}

describe('createChecks()', () => {
  test('checks what the contract lists, in its order: own checks, extra checks, neighbours', () => {
    const extra = [
      { name: 'b', url: new URL('http://b.example.com/x') },
      { name: 'a', url: new URL('https://a.example.com') },
    ];
    expect(table({ extra }, neighbourhoodOf({ 'k8s-66': '10.10.10.67' }))).toEqual([
      'api_server_direct https://10.96.0.1/version apiServer',
      'api_server_dns https://kubernetes.default.svc.cluster.local/version apiServer',
      'me_ingress https://kubenurse.example.com/alwayshappy other',
      'me_service http://kubenurse:8080/alwayshappy other',
      'b http://b.example.com/x other',
      'a https://a.example.com/ other',
      'path_k8s-66 http://10.10.10.67:8080/alwayshappy neighbour',
    ]);
  });

  test('recreates the checks only when the neighbours change', () => {
    const { neighbours } = neighbourhoodOf({ a: '10.1.0.1' });
    let current = neighbours();
    const neighbourhood = { neighbours: () => current } as unknown as Neighbourhood;
    const checks = createChecks(QUESTIONS, PROBES, neighbourhood, STARTED);
    const first = checks();
    expect(checks()).toBe(first);
    current = neighbourhoodOf({ b: '10.1.0.2' }).neighbours();
    expect(checks().at(-1)?.type).toBe('path_b');
    expect(first.at(-1)?.type).toBe('path_a');
  });

  test('leaves out checks that are switched off', () => {
    const off = {
      apiServerDirect: undefined,
      apiServerDns: undefined,
      meIngress: undefined,
      meService: undefined,
    };
    expect(table(off)).toEqual([]);
    expect(table({ ...off, neighbours: undefined }, neighbourhoodOf({ a: '10.0.0.1' }))).toEqual(
      [],
    );
  });

  test.each<[Targets['neighbours'], string, string]>([
    [{ scheme: 'https', port: 8443 }, '10.0.0.1', 'https://10.0.0.1:8443/alwayshappy'],
    [{ scheme: 'http', port: 8080 }, 'fd00::1', 'http://[fd00::1]:8080/alwayshappy'],
    [{ scheme: 'https', port: 8443 }, 'fd00::1', 'https://[fd00::1]:8443/alwayshappy'],
  ])('checks neighbours by %o at %s', (neighbours, podIP, url) => {
    expect(table({ neighbours }, neighbourhoodOf({ a: podIP })).at(-1)).toBe(
      `path_a ${url} neighbour`,
    );
  });

  test('also checks neighbours over UDP if that is enabled', async () => {
    const neighbours = { scheme: 'https', port: 8443, udpPort: 8862 } as const;
    const hood = neighbourhoodOf({ a: '10.0.0.1', b: 'fd00::1' }, ['a']);
    expect(table({ neighbours }, hood).slice(-2)).toEqual([
      'udp_a udp://10.0.0.1:8862 other',
      'udp_b udp://[fd00::1]:8862 other',
    ]);
    const checks = createChecks({ ...QUESTIONS, neighbours }, PROBES, hood, STARTED)();
    const [udpA, udpB] = checks.slice(-2);
    expect(udpA).toMatchObject({ key: 'udp_a', target: { neighbour: { nodeName: 'a' } } });
    await expect(udpA?.isFalseAlarm?.(0)).resolves.toBe(true);
    await expect(udpB?.isFalseAlarm?.(0)).resolves.toBe(false);
  });

  test('returns the checks of the current neighbours', () => {
    const ipByNode: Record<string, string> = { a: '10.0.0.1' };
    const checks = createChecks(QUESTIONS, PROBES, neighbourhoodOf(ipByNode), STARTED);
    const paths = () => checks().flatMap(({ type }) => (type.startsWith('path_') ? [type] : []));
    expect(paths()).toEqual(['path_a']);
    ipByNode.b = '10.0.0.2';
    expect(paths()).toEqual(['path_a', 'path_b']);
    delete ipByNode.a;
    expect(paths()).toEqual(['path_b']);
  });

  test('checks after a failure whether the neighbour has left', async () => {
    const isGone = (gone: string[]) => {
      const neighbourhood = neighbourhoodOf({ a: '10.0.0.1' }, gone);
      return createChecks(QUESTIONS, PROBES, neighbourhood, STARTED)().at(-1)?.isFalseAlarm?.(0);
    };
    await expect(isGone(['a'])).resolves.toBe(true);
    await expect(isGone([])).resolves.toBe(false);
  });

  test.each([true, false])(
    'checks after a failure, of an own check only, whether it was too early: %s',
    async (isTooEarly) => {
      const extra = [{ name: 'extra', url: new URL('http://b.example.com/x') }];
      const startup = { isTooEarly: async (since: number) => isTooEarly && since === 7 };
      const checks = createChecks({ ...QUESTIONS, extra }, PROBES, undefined, startup)();
      const verdicts = checks.map(async (check) => [check.type, await check.isFalseAlarm?.(7)]);
      expect(await Promise.all(verdicts)).toEqual([
        ['api_server_direct', undefined],
        ['api_server_dns', undefined],
        ['me_ingress', isTooEarly],
        ['me_service', isTooEarly],
        ['extra', undefined],
      ]);
    },
  );

  test('knows which statuses a target can return', () => {
    const checks = createChecks(QUESTIONS, PROBES, neighbourhoodOf({ a: '10.0.0.1' }), STARTED)();
    const statuses = ({ errorEvents }: Check) =>
      errorEvents.flatMap((event) => {
        const [, status] = /^status_code_(\d+)$/.exec(event) ?? [];
        return status === undefined ? [] : [Number(status)];
      });
    expect(checks.map((check) => [check.type, ...statuses(check)])).toEqual([
      ['api_server_direct', 401, 403, 429, 500, 503, 504],
      ['api_server_dns', 401, 403, 429, 500, 503, 504],
      ['me_ingress', 404, 500, 502, 503, 504],
      ['me_service', 404, 500, 502, 503, 504],
      ['path_a', 503],
    ]);
  });
});

test('upstream fault: the service account token goes to any URL that ends in /version', () => {
  const extra = [
    { name: 'foreign', url: new URL('https://example.com/version') },
    { name: 'twin', url: new URL('https://10.96.0.1:443/version') },
  ];
  const meIngress = new URL('https://example.com/version');
  const meService = new URL('https://10.96.0.1/version');
  const checked = table({ extra, meIngress, meService }, neighbourhoodOf({ a: '10.0.0.1' }));
  expect(checked.filter((check) => check.endsWith(' apiServer'))).toEqual([
    'api_server_direct https://10.96.0.1/version apiServer',
    'api_server_dns https://kubernetes.default.svc.cluster.local/version apiServer',
  ]);
});
