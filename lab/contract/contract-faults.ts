import { expect, test } from 'vitest';
import { ApiClient } from './api-client.ts';
import { names, PODS, pod } from './contract-objects.ts';
import type { Contracted } from './contracted.ts';

/** How a control plane is broken, and heals. */
export function faultContract(name: string, contracted: Contracted): void {
  test(`${name}.break(away) refuses and cuts; healed, it is back on the same port`, async () => {
    const { controlPlane, client } = contracted;
    await controlPlane.put('pods', pod('a'));
    const watch = await client.watch(PODS);
    expect(await watch.summary(1)).toEqual(['ADDED a']);

    await controlPlane.break({ kind: 'down' });
    expect(await watch.end()).toEqual({ complete: false });
    await expect(client.get('/version')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await controlPlane.break({ kind: 'down' });
    await controlPlane.break(undefined);
    expect(names((await client.get(PODS)).body)).toEqual(['a']);
  });

  test(`${name}.break(hang) sends no response, and afterwards one to every request`, async () => {
    const { controlPlane, client } = contracted;
    const watch = await client.watch(PODS);

    await controlPlane.break({ kind: 'hang' });
    let settled = false;
    const version = client.get('/version').finally(() => {
      settled = true;
    });
    const impatient = client.get('/version', { signal: AbortSignal.timeout(200) });
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' });
    expect(settled).toBe(false);

    await controlPlane.break(undefined);
    expect((await version).status).toBe(200);
    await controlPlane.put('pods', pod('a'));
    expect(await watch.summary(1)).toEqual(['ADDED a']);
  });

  test(`${name}.break(429) refuses every request of who was given a token, and leaves watches open`, async () => {
    const { controlPlane } = contracted;
    const client = new ApiClient(controlPlane, await controlPlane.issueToken('prober'));
    const watch = await client.watch(PODS);

    await controlPlane.break({ kind: 'status', code: 429 });
    for (const path of ['/version', PODS, `${PODS}?watch=true`]) {
      const response = await client.open(path);
      expect(response.statusCode).toBe(429);
      expect(response.headers).toMatchObject({
        'content-type': 'text/plain; charset=utf-8',
        'retry-after': '1',
      });
      const text = String(await response.toArray());
      expect(text).toBe('Too many requests, please try again later.\n');
    }
    await controlPlane.put('pods', pod('a'));
    expect(await watch.summary(1)).toEqual(['ADDED a']);
    await controlPlane.break(undefined);
    expect((await client.get('/version')).status).toBe(200);
  });
}
