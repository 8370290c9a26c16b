import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ApiClient } from '../../lab/contract/api-client.ts';
import { NODES, names, PODS } from '../../lab/contract/contract-objects.ts';
import { startControlPlane, whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { until } from '../../lab/support/until.ts';
import { ownControlPlane } from './own-control-plane.ts';

describe.skipIf(whyNoControlPlane())('a real control plane', () => {
  const { controlPlane, clientOf, putForThisTest } = ownControlPlane('10.42');

  test('RealControlPlane is the Kubernetes version that it reports, emulating no other', async () => {
    const { body } = await (await clientOf('prober')).get('/version');
    expect(body).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: 'v1.36.4',
      emulationMajor: '1',
      emulationMinor: '36',
    });
    const { clientVersion } = JSON.parse(await controlPlane().kubectl.run('version', '-o', 'json'));
    expect(clientVersion.gitVersion).toBe('v1.36.4');
  });

  test('RealControlPlane.break(403) withholds all but the version', async () => {
    const client = await clientOf('prober');
    await controlPlane().break({ kind: 'status', code: 403 });

    const statuses = async () =>
      Promise.all([PODS, NODES, '/version'].map(async (path) => (await client.get(path)).status));
    expect(await statuses()).toEqual([403, 403, 200]);
    await controlPlane().break(undefined);
    expect(await statuses()).toEqual([200, 200, 200]);
  });

  test('RealControlPlane.break() rejects what a real one cannot be made to do, and changes nothing', async () => {
    await expect(controlPlane().break({ kind: 'status', code: 503 })).rejects.toThrow('503');
    expect((await (await clientOf('prober')).get('/version')).status).toBe(200);
  });

  test('RealControlPlane.break(slow) delays responses', async () => {
    const client = await clientOf('prober');
    const timed = async () => {
      const started = performance.now();
      await client.get('/version');
      return performance.now() - started;
    };
    await controlPlane().break({ kind: 'slow', milliseconds: 500 });
    const slow = await timed();
    await controlPlane().break(undefined);

    expect(slow).toBeGreaterThan(3 * 500); // TCP, TLS, and the request
    await until('it is no longer slow', 10_000, async () => (await timed()) < 500);
  });

  test('RealControlPlane.restart() keeps what was written, and ends watches cleanly', async () => {
    await putForThisTest('kept');
    const client = await clientOf('prober');
    const watch = await client.watch(PODS);
    expect(await watch.summary(1)).toEqual(['ADDED kept']);
    await controlPlane().restart(0);

    expect(await watch.end()).toEqual({ complete: true });
    expect(names((await client.get(PODS)).body)).toEqual(['kept']);
  });

  test('RealControlPlane.compact() cuts watches, and the last version that they have seen is too old', async () => {
    await putForThisTest('seen');
    const client = await clientOf('prober');
    const watch = await client.watch(PODS);
    const { resourceVersion } = (await watch.next()).object.metadata;
    await controlPlane().compact();

    expect(await watch.end()).toEqual({ complete: false });
    const next = await client.watch(`${PODS}?resourceVersion=${resourceVersion}`);
    expect(await next.next()).toMatchObject({ type: 'ERROR', object: { code: 410 } });
  });

  test('RealControlPlane.rotateServingCertificate() leaves connections open, and the authority unless a new one is requested', async () => {
    const client = await clientOf('prober');
    const { url, certificateAuthority } = controlPlane();
    const old = new ApiClient({ url, certificateAuthority });
    const watch = await client.watch(PODS);

    await controlPlane().rotateServingCertificate({ authority: 'same' });
    expect(controlPlane().certificateAuthority).toBe(certificateAuthority);
    expect((await old.get('/version')).status).toBe(200);
    await controlPlane().rotateServingCertificate({ authority: 'new' });
    expect(controlPlane().certificateAuthority).not.toBe(certificateAuthority);
    await expect(old.get('/version')).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|SIGNATURE/),
    });
    expect((await client.get('/version')).status).toBe(200);
    await putForThisTest('after-the-rotation');
    expect(await watch.summary(1)).toEqual(['ADDED after-the-rotation']);
  });
});

describe.skipIf(whyNoControlPlane())('a real control plane', () => {
  test.each([
    ['10.43', ['IPv6']],
    ['10.44', ['IPv4', 'IPv6']],
  ] as const)(
    'RealControlPlane %s serves %j; close() leaves nothing',
    async (network, families) => {
      const stack = new AsyncDisposableStack();
      onTestFinished(() => stack.disposeAsync());
      const { url, certificateAuthority, admin, auditLog } = await startControlPlane(
        stack,
        network,
        families,
      );

      expect(url.hostname.startsWith('[')).toBe(families[0] === 'IPv6');
      const { spec } = await admin.get('/api/v1/namespaces/default/services/kubernetes');
      expect(spec.ipFamilies).toEqual([families[0]]);
      const hosts = { IPv4: `${network}.0.10`, IPv6: `[fd00:${network.replace('.', ':')}::10]` };
      for (const family of families) {
        const client = new ApiClient({
          url: new URL(`https://${hosts[family]}:${url.port}`),
          certificateAuthority,
        });
        expect((await client.get('/version')).status).toBe(200);
      }

      expect(existsSync(dirname(auditLog))).toBe(true);
      await stack.disposeAsync();
      expect(existsSync(dirname(auditLog))).toBe(false);
      await expect(admin.raw('/version')).rejects.toThrow();
    },
  );
});
