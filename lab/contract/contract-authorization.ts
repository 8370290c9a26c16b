import { expect, test } from 'vitest';
import { ApiClient, failure } from './api-client.ts';
import { NODES, PODS, pod } from './contract-objects.ts';
import type { Contracted } from './contracted.ts';

/** Authentication, authorization, and how requests are refused. */
export function authorizationContract(name: string, contracted: Contracted): void {
  test(`${name} shows a certificate for the names of the Service`, async () => {
    const { client } = contracted;

    for (const servername of [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
    ]) {
      expect((await client.get('/version', { servername })).status).toBe(200);
    }
    const elsewhere = client.get('/version', { servername: 'elsewhere.example' });
    await expect(elsewhere).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  test(`${name} reports its version to everybody but those whose token is not valid`, async () => {
    const { controlPlane } = contracted;
    const token = await controlPlane.issueToken('prober');
    const client = new ApiClient(controlPlane, token);

    for (const asker of [new ApiClient(controlPlane), client]) {
      const { status, headers, body } = await asker.get('/version');
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('application/json');
      expect(body).toMatchObject({
        major: '1',
        minor: '36',
        gitVersion: expect.stringMatching(/^v1\.36\.\d+/),
      });
    }
    await controlPlane.revoke(token);
    const unauthorized = failure(401, 'Unauthorized', 'Unauthorized');
    for (const asker of [client, new ApiClient(controlPlane, 'made-up')]) {
      expect(await asker.get('/version')).toMatchObject({ status: 401, body: unauthorized });
      expect(await asker.get(PODS)).toMatchObject({ status: 401, body: unauthorized });
    }
  });

  test(`${name} denies clients that do not authenticate what they may not do`, async () => {
    const anonymous = new ApiClient(contracted.controlPlane);
    const cannot = (verb: string, resource: string, where: string) =>
      `User "system:anonymous" cannot ${verb} resource "${resource}" in API group "" ${where}`;
    const inNamespace = 'in the namespace "kubenurse"';
    const inCluster = 'at the cluster scope';

    for (const [path, subject, verb, where, details] of [
      [PODS, 'pods', 'list', inNamespace, { kind: 'pods' }],
      [`${PODS}?watch=1`, 'pods', 'watch', inNamespace, { kind: 'pods' }],
      [`${PODS}/a`, 'pods "a"', 'get', inNamespace, { kind: 'pods', name: 'a' }],
      ['/api/v1/pods', 'pods', 'list', inCluster, { kind: 'pods' }],
      [NODES, 'nodes', 'list', inCluster, { kind: 'nodes' }],
      [`${NODES}/a`, 'nodes "a"', 'get', inCluster, { kind: 'nodes', name: 'a' }],
    ] as const) {
      const { status, body } = await anonymous.get(path);
      expect(status).toBe(403);
      const message = `${subject} is forbidden: ${cannot(verb, details.kind, where)}`;
      expect(body).toEqual(failure(403, 'Forbidden', message, details));
    }
    const message = 'forbidden: User "system:anonymous" cannot get path "/metrics"';
    expect((await anonymous.get('/metrics')).body).toEqual(failure(403, 'Forbidden', message, {}));
  });

  test(`${name} lets nobody write who was given a token`, async () => {
    const { controlPlane } = contracted;
    const client = new ApiClient(controlPlane, await controlPlane.issueToken('prober'));

    for (const [method, path, subject, verb] of [
      ['POST', PODS, 'pods', 'create'],
      ['PUT', `${PODS}/a`, 'pods "a"', 'update'],
      ['PATCH', `${PODS}/a`, 'pods "a"', 'patch'],
      ['DELETE', `${PODS}/a`, 'pods "a"', 'delete'],
      ['DELETE', PODS, 'pods', 'deletecollection'],
    ] as const) {
      const { status, body } = await client.get(path, { method });
      expect(status).toBe(403);
      expect(body.message).toMatch(
        new RegExp(
          `^${subject} is forbidden: User "[^"]+" cannot ${verb} resource "pods" in API group "" in the namespace "kubenurse"$`,
        ),
      );
    }
  });

  test(`${name}.forbid() withholds a resource until it is permitted again`, async () => {
    const { controlPlane } = contracted;
    const client = new ApiClient(controlPlane, await controlPlane.issueToken('prober'));
    expect((await client.get(NODES)).status).toBe(200);

    await controlPlane.forbid(['nodes']);
    expect(await client.get(NODES)).toMatchObject({
      status: 403,
      body: {
        reason: 'Forbidden',
        message: expect.stringMatching(
          /^nodes is forbidden: User "[^"]+" cannot list resource "nodes" in API group "" at the cluster scope$/,
        ),
      },
    });
    expect((await client.get(`${NODES}?watch=true`)).status).toBe(403);
    expect((await client.get(`${NODES}/a`)).status).toBe(403);
    expect((await client.get(PODS)).status).toBe(200);
    await controlPlane.forbid([]);
    expect((await client.get(NODES)).status).toBe(200);
  });

  test(`${name} leaves open the watch of what was forbidden since`, async () => {
    const { controlPlane } = contracted;
    const client = new ApiClient(controlPlane, await controlPlane.issueToken('prober'));
    const watch = await client.watch(PODS);
    await controlPlane.forbid(['pods']);
    await controlPlane.put('pods', pod('a'));

    expect(await watch.summary(1)).toEqual(['ADDED a']);
    await controlPlane.forbid([]);
  });
}
