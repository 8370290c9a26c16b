import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificate, CertificateAuthority } from '../../lab/support/certificates.ts';
import { freePort, ServerProcess } from '../../lab/support/server-process.ts';
import { suspend } from '../../lab/support/suspend.ts';
import { createTcpInfoReader } from '../../src/probes/tcp-info.ts';
import { closedPort } from '../support/closed-port.ts';
import { authority, check, serving } from './check-once.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const inDays = (days: number) => ({ notAfter: new Date(Date.now() + days * DAY_MS) });
const names = { commonName: 'nginx', dnsNames: ['server.test'] };

/** The certificates of nginx, each served at its own port. */
const CERTIFICATES = {
  right: serving,
  tomorrow: await authority.issue({ ...names, ...inDays(1) }),
  expired: await authority.issue({ ...names, ...inDays(-0.01) }),
  misnamed: await authority.issue({ commonName: 'nginx', dnsNames: ['another.test'] }),
  strange: await (await CertificateAuthority.create('a stranger')).issue(names),
};
type Name = keyof typeof CERTIFICATES;

/** Unix time in seconds at which the certificate expires. */
function expiryOf({ certificate }: Certificate): number {
  return new X509Certificate(certificate).validToDate.getTime() / 1000;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

function missing(): string | undefined {
  try {
    execFileSync('nginx', ['-v'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'nginx is not installed';
  }
}
const reason = missing();

describe.skipIf(reason)(`checks of nginx${reason ? `: ${reason}` : ''}`, () => {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync());
  const ports = {} as Record<Name, number>;
  let nginx: ServerProcess;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubenurse-nginx-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const servers: string[] = [];
    for (const [name, { certificate, key }] of Object.entries(CERTIFICATES)) {
      const port = await freePort();
      ports[name as Name] = port;
      await writeFile(join(folder, `${name}.crt`), certificate);
      await writeFile(join(folder, `${name}.key`), key, { mode: 0o600 });
      servers.push(
        `server { listen 127.0.0.1:${port} ssl; ssl_certificate ${name}.crt; ssl_certificate_key ${name}.key; }`,
      );
    }
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const configuration = `daemon off; master_process off; pid nginx.pid; events {}
      http { access_log off; ${temporary.map((name) => `${name}_temp_path ${name};`).join(' ')}
      ${servers.join('\n')} }`;
    await writeFile(join(folder, 'nginx.conf'), configuration);
    nginx = await ServerProcess.start('nginx', ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'], {
      ready: async () => (await Promise.all(Object.values(ports).map(accepts))).every(Boolean),
    });
    stack.defer(() => nginx.stop());
  });

  const tlsAt = (name: Name) => `tls://server.test:${ports[name]}`;

  test('tcp', async () => {
    const outcome = await check(`tcp://127.0.0.1:${ports.right}`);
    expect(outcome).toMatchObject({ kind: 'ok', code: 'ok' });
  });

  test.each(['tcp', 'tls'])('%s at a port where it does not listen', async (scheme) => {
    const port = await closedPort('127.0.0.1');
    expect(await check(`${scheme}://127.0.0.1:${port}`)).toMatchObject({
      event: 'connect_done',
      cause: 'refused',
      error: { message: `connecting to 127.0.0.1:${port}: connection refused (ECONNREFUSED)` },
    });
  });

  test.each(['right', 'tomorrow'] as const)('tls with a certificate that is %s', async (name) => {
    const leaf = expiryOf(CERTIFICATES[name]);
    const certificates = { leaf, earliest: leaf };
    expect(await check(tlsAt(name))).toMatchObject({ kind: 'ok', code: 'ok', certificates });
  });

  test.each([
    ['expired', 'certificate has expired'],
    ['misnamed', 'the certificate is valid for DNS:another.test, not for server.test'],
    [
      'strange',
      'the certificate is signed by an unknown authority; add its CA with KUBENURSE_EXTRA_CA',
    ],
  ] as const)('tls with a certificate that is %s', async (name, why) => {
    const leaf = expiryOf(CERTIFICATES[name]);
    expect(await check(tlsAt(name))).toMatchObject({
      event: 'tls_handshake_done',
      cause: 'tls',
      certificates: { leaf, earliest: leaf },
      error: { message: `TLS handshake with server.test:${ports[name]}: ${why}` },
    });
  });

  test('while it is suspended: tcp connects, tls gets no handshake', async () => {
    await suspend(nginx);
    try {
      const readTcpInfo = await createTcpInfoReader();
      const signal = AbortSignal.timeout(2_000);
      const [tcp, tls] = await Promise.all([
        check(`tcp://127.0.0.1:${ports.right}`),
        check(tlsAt('right'), { signal, readTcpInfo }),
      ]);
      expect(tcp).toMatchObject({ kind: 'ok' });
      expect(tls).toMatchObject({
        event: 'tls_handshake_done',
        cause: 'hung',
        error: { message: expect.stringContaining('acknowledged every packet') },
      });
    } finally {
      nginx.signal('SIGCONT');
    }
    expect(await check(tlsAt('right'))).toMatchObject({ kind: 'ok' });
  });
});
