import { describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import { OK, ScriptedServer, say } from '../support/scripted-server.ts';
import { checkUrl, serving } from './check-once.ts';

const TOKEN = 'Bearer token-of-the-service-account';
const authorization = async () => TOKEN;
const stranger = await CertificateAuthority.create('a stranger');
const unverifiable = await stranger.issue({ commonName: 'x', ipAddresses: ['127.0.0.1'] });

/** The `Authorization` field of each request that the server received; `undefined` without one. */
function authorizations({ requests }: ScriptedServer): (string | undefined)[] {
  return requests.map((request) => /^authorization: (.*)$/im.exec(request)?.[1]?.trim());
}

function withCredentials(url: URL, username: string, password: string): URL {
  return Object.assign(url, { username, password });
}

function redirectTo(url: URL) {
  return say(`HTTP/1.1 307 Temporary Redirect\r\nLocation: ${url}\r\nContent-Length: 0\r\n\r\n`);
}

describe('httpProbe() sends the token', () => {
  test.each([
    { where: 'to a verified server', insecure: false },
    { where: 'to a verified server, also where it need not be verified', insecure: true },
  ])('$where', async ({ insecure }) => {
    const server = await ScriptedServer.start({ tls: serving });

    expect(await checkUrl(server.url(), { authorization, insecure })).toMatchObject({ kind: 'ok' });

    expect(authorizations(server)).toEqual([TOKEN]);
  });

  test.each([
    { where: 'over plain HTTP', tls: undefined },
    { where: 'to a server that cannot be verified', tls: unverifiable },
  ])('upstream fault: the token goes $where', async ({ tls }) => {
    const server = await ScriptedServer.start(tls ? { tls } : {});
    // Over a kept connection as well, whose second request has no handshake.
    const idle = new IdleConnections();

    for (let i = 0; i < 2; i++) {
      const outcome = await checkUrl(server.url('/version'), {
        authorization,
        insecure: true,
        idle,
      });
      expect(outcome).toMatchObject({ kind: 'ok' });
    }
    idle.close();

    expect(authorizations(server)).toEqual([undefined, undefined]);
    expect(server.accepted).toBe(1);
  });

  test('upstream fault: the token goes to any URL that ends in /version: here, a redirect to one does not get it', async () => {
    const another = await ScriptedServer.start({ tls: serving });
    const server = await ScriptedServer.start({
      tls: serving,
      script: redirectTo(another.url('/version')),
    });

    expect(await checkUrl(server.url('/version'), { authorization })).toMatchObject({ kind: 'ok' });

    expect(authorizations(server)).toEqual([TOKEN]);
    expect(authorizations(another)).toEqual([undefined]);
  });

  test('but not to the target of a redirect, even of the same origin', async () => {
    const server = await ScriptedServer.start({
      tls: serving,
      script: (socket, request, nth) => {
        const script = request.startsWith('GET /version ')
          ? redirectTo(server.url('/there'))
          : say(OK);
        script(socket, request, nth);
      },
    });

    expect(await checkUrl(server.url('/version'), { authorization })).toMatchObject({ kind: 'ok' });

    expect(authorizations(server)).toEqual([TOKEN, undefined]);
  });

  test('and reads it for each request, because it rotates', async () => {
    const server = await ScriptedServer.start({ tls: serving });
    const tokens = ['Bearer first', 'Bearer second'];
    const rotating = async () => tokens.shift();

    await checkUrl(server.url(), { authorization: rotating });
    await checkUrl(server.url(), { authorization: rotating });

    expect(authorizations(server)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('upstream fault: a token that cannot be read fails every check', async () => {
    const server = await ScriptedServer.start({ tls: serving });

    const outcome = await checkUrl(server.url(), { authorization: async () => undefined });

    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(authorizations(server)).toEqual([undefined]);
  });
});

describe('httpProbe() sends the credentials of the URL', () => {
  test.each([
    { username: 'user', password: 'password', credentials: 'user:password' },
    { username: 'user', password: '', credentials: 'user:' },
    { username: '', password: 'password', credentials: ':password' },
    { username: '50%', password: '%zz', credentials: '50%:%zz' },
    { username: 'müller', password: 'a:b@c%20', credentials: 'müller:a:b@c ' },
  ])('$credentials', async ({ username, password, credentials }) => {
    const server = await ScriptedServer.start();

    const outcome = await checkUrl(withCredentials(server.url(), username, password));

    expect(outcome).toMatchObject({ kind: 'ok' });
    const basic = `Basic ${Buffer.from(credentials).toString('base64')}`;
    expect(authorizations(server)).toEqual([basic]);
    expect(server.requests[0]).toContain(`\r\nHost: 127.0.0.1:${server.port}\r\n`);
  });

  test.each(['server.test', 'a.server.test'])(
    'and further header fields to the target of a redirect on that host or one below it, whatever its port: %s',
    async (host) => {
      const another = await ScriptedServer.start();
      const server = await ScriptedServer.start({ script: redirectTo(another.url('/', host)) });

      await checkUrl(withCredentials(server.url('/', 'server.test'), 'user', 'password'), {
        headers: { 'X-Origin': 'pod-a' },
      });

      expect(authorizations(another)).toEqual(authorizations(server));
      expect(another.requests[0]).toMatch(/^Authorization: Basic /m);
      expect(another.requests[0]).toMatch(/^X-Origin: pod-a$/m);
    },
  );

  test.each(['test', 'other.test', 'another-server.test', 'server.test.other.test', '127.0.0.1'])(
    'but not to the target of a redirect on another host: %s',
    async (host) => {
      const another = await ScriptedServer.start();
      const server = await ScriptedServer.start({ script: redirectTo(another.url('/', host)) });

      await checkUrl(withCredentials(server.url('/', 'server.test'), 'user', 'password'), {
        headers: { 'X-Origin': 'pod-a' },
      });

      expect(authorizations(another)).toEqual([undefined]);
      expect(another.requests[0]).not.toContain('X-Origin');
    },
  );

  test('but not if another host redirects back to that of the URL', async () => {
    const back = await ScriptedServer.start();
    const another = await ScriptedServer.start({
      script: redirectTo(back.url('/', 'server.test')),
    });
    const server = await ScriptedServer.start({
      script: redirectTo(another.url('/', 'other.test')),
    });

    await checkUrl(withCredentials(server.url('/', 'server.test'), 'user', 'password'));

    expect(authorizations(back)).toEqual([undefined]);
  });

  test('but not in clear text if a redirect leads from https to http', async () => {
    const plain = await ScriptedServer.start();
    const server = await ScriptedServer.start({
      tls: serving,
      script: redirectTo(plain.url('/', 'server.test')),
    });

    await checkUrl(withCredentials(server.url('/', 'server.test'), 'user', 'password'));

    expect(authorizations(server)).toEqual([expect.stringMatching(/^Basic /)]);
    expect(authorizations(plain)).toEqual([undefined]);
  });

  test('but not to the target of a redirect on another host, nor those in its URL, nor further header fields', async () => {
    const another = await ScriptedServer.start();
    const server = await ScriptedServer.start({
      script: redirectTo(withCredentials(another.url(), 'their', 'secret')),
    });

    const outcome = await checkUrl(
      withCredentials(server.url('/', 'server.test'), 'user', 'password'),
      {
        headers: { 'X-Origin': 'pod-a' },
      },
    );

    expect(outcome).toMatchObject({ kind: 'ok' });
    expect(server.requests[0]).toMatch(/^X-Origin: pod-a$/m);
    expect(server.requests[0]).toMatch(/^Authorization: Basic /m);
    expect(another.requests).toEqual([
      `GET / HTTP/1.1\r\nHost: ${another.url().host}\r\nConnection: close\r\nUser-Agent: test/1`,
    ]);
  });
});
