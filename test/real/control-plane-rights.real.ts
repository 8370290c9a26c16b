import { describe, expect, onTestFinished, test } from 'vitest';
import { ApiClient } from '../../lab/contract/api-client.ts';
import { NODES, PODS, pod } from '../../lab/contract/contract-objects.ts';
import { countRequests, readAuditLog } from '../../lab/real/audit-log.ts';
import { whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { until } from '../../lab/support/until.ts';
import { ownControlPlane } from './own-control-plane.ts';

const KUBENURSE = 'system:serviceaccount:kubenurse:kubenurse';

describe.skipIf(whyNoControlPlane())('a real control plane', () => {
  const { controlPlane, clientOf, putForThisTest } = ownControlPlane('10.45');

  test('the manifests give kubenurse the rights that its program needs, and no others', async () => {
    const rights = async (namespace: string) => {
      const as = `--as=${KUBENURSE}`;
      const { kubectl } = controlPlane();
      const table = await kubectl.run(
        'auth',
        'can-i',
        '--list',
        '--no-headers',
        as,
        '-n',
        namespace,
      );
      // Resources, non-resource URLs, resource names, verbs. Every client may query its own
      // identity and rights.
      const lines = table.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());
      return lines
        .filter((line) => /^[a-z]/.test(line) && !line.startsWith('selfsubject'))
        .toSorted();
    };

    const nodes = 'nodes [] [] [get list watch]';
    expect(await rights('kubenurse')).toEqual([nodes, 'pods [] [] [list watch]']);
    expect(await rights('default')).toEqual([nodes]);
    const client = await clientOf('prober');
    for (const [path, status] of [
      [PODS, 200],
      [NODES, 200],
      [`${NODES}/none`, 404],
      [`${PODS}/none`, 403],
      ['/api/v1/pods', 403],
      ['/api/v1/namespaces/default/pods', 403],
      ['/api/v1/namespaces/kubenurse/secrets', 403],
    ] as const) {
      expect({ path, status: (await client.get(path)).status }).toEqual({ path, status });
    }
  });

  test('the built-in role view reaches no page of the pods through the API server', async () => {
    // What a controller, which does not run here, puts into `view`.
    const label = 'rbac.authorization.k8s.io/aggregate-to-view=true';
    const roles = await controlPlane().kubectl.run('get', 'clusterrole', '-l', label, '-o', 'json');
    const { items }: { items: { rules: { resources?: string[] }[] | null }[] } = JSON.parse(roles);
    const resources = new Set(
      items.flatMap(({ rules }) => (rules ?? []).flatMap((rule) => rule.resources ?? [])),
    );
    expect(resources).toContain('services');
    for (const each of ['*', 'services/*', 'services/proxy', 'pods/proxy', 'pods/portforward']) {
      expect(resources).not.toContain(each);
    }
  });

  test('the manifests allow only restricted pods in the namespace', async () => {
    const { spec, metadata } = pod('privileged');
    const containers = [{ name: 'a', image: 'a', securityContext: { privileged: true } }];
    const privileged = { metadata, spec: { ...spec, containers } };

    await expect(controlPlane().put('pods', privileged)).rejects.toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: expect.stringContaining('violates PodSecurity "restricted:latest"'),
    });
    await putForThisTest('restricted');
  });

  test('a pod gets the zone of the node that it is bound to', async () => {
    const zone = { 'topology.kubernetes.io/zone': 'zone-a' };
    await controlPlane().put('nodes', { metadata: { name: 'n', labels: zone }, spec: {} });
    onTestFinished(() => controlPlane().remove('nodes', 'n'));
    await putForThisTest('in-a-zone', { nodeName: 'n', labels: { app: 'x' } });

    const { metadata, spec } = await controlPlane().admin.get(`${PODS}/in-a-zone`);
    expect({ labels: metadata.labels, node: spec.nodeName }).toEqual({
      labels: { app: 'x', ...zone },
      node: 'n',
    });
  });

  test('a token that is issued to a pod names it, and is refused once it is gone', async () => {
    await putForThisTest('holder', { nodeName: 'n' });
    const token = await controlPlane().issueToken('holder');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ sub: KUBENURSE, 'kubernetes.io': { pod: { name: 'holder' } } });
    const client = new ApiClient(controlPlane(), token);
    expect((await client.get(PODS)).status).toBe(200);
    await expect(controlPlane().revoke(token)).rejects.toThrow('ends with its pod');

    await controlPlane().remove('pods', 'holder', 'kubenurse');
    await until(
      'the token is refused',
      20_000,
      async () => (await client.get(PODS)).status === 401,
    );
  });

  test('the audit log records each request, its user and the response', async () => {
    await putForThisTest('audited', { nodeName: 'n', status: { phase: 'Running' } });
    const client = await clientOf('audited');
    await client.get(`${PODS}?limit=7`);
    await client.get('/version');
    const watch = await client.watch(PODS);
    await watch.next();
    await client.get('/api/v1/namespaces/kubenurse/secrets');

    const requests = await readAuditLog(controlPlane().auditLog);
    const ours = requests.filter((request) => request.pod === 'audited');
    expect(ours[0]?.credential).toMatch(/^JTI=/);
    expect(new Set(ours.map(({ credential }) => credential)).size).toBe(1);
    expect(countRequests(ours)).toEqual(
      [
        { verb: 'list', resource: 'pods', code: 200 },
        { verb: 'get', resource: '/version', code: 200 },
        { verb: 'watch', resource: 'pods', code: 200 },
        { verb: 'list', resource: 'secrets', code: 403 },
      ].map((request) => ({ user: KUBENURSE, ...request, count: 1 })),
    );
    const admins = countRequests(requests.filter(({ user }) => user === 'admin'));
    for (const [verb, resource] of [
      ['create', 'pods'],
      ['create', 'pods/binding'],
      ['patch', 'pods/status'],
    ]) {
      expect(admins).toContainEqual(expect.objectContaining({ verb, resource }));
    }
  });

  test('RealControlPlane.put() requests no change if there is none', async () => {
    const options = { nodeName: 'n', labels: { app: 'x' }, status: { phase: 'Running' } };
    await putForThisTest('same', options);
    const before = await controlPlane().admin.get(`${PODS}/same`);
    await controlPlane().put('pods', pod('same', options));

    expect(await controlPlane().admin.get(`${PODS}/same`)).toEqual(before);
  });
});
