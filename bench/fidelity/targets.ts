import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Namespace } from '../../lab/real/namespace.ts';
import { TEMP_PATHS } from '../../lab/real/nginx-configuration.ts';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';

/** The interface towards the targets. */
export const INTERFACE = 'targets';

const HOSTS = Array.from({ length: 100 }, (_, index) => `10.78.0.${index + 1}`);

/** The port identifies the client. */
const PORTS = Array.from({ length: 20 }, (_, index) => index + 1);
const FIRST_PORT = { http: 8_000, https: 9_000 };

export type Scheme = keyof typeof FIRST_PORT;

/** The targets: nginx at many addresses, in its own network namespace behind a veth pair. */
export type Targets = Readonly<{
  /** PEM: the CA that signed the certificate. */
  authority: string;
  hosts: readonly string[];
  /** A port for the next client. */
  port: (scheme: Scheme) => number;
}>;

/**
 * Starts nginx, until the stack is disposed of, with its files in `folder`. Must run in a separate
 * namespace.
 */
export async function startTargets(stack: AsyncDisposableStack, folder: string): Promise<Targets> {
  const server = await Namespace.create('targets');
  stack.defer(() => server.close());
  const own = Namespace.own();
  await own.ip([`link add ${INTERFACE} type veth peer name eth0 netns targets`]);
  stack.defer(() => own.ip([`link delete ${INTERFACE}`]));
  await own.ip([
    `address add 10.77.0.1/24 dev ${INTERFACE}`,
    `link set ${INTERFACE} up`,
    `route add 10.78.0.0/24 via 10.77.0.2 dev ${INTERFACE} onlink`,
  ]);
  await server.ip([
    'address add 10.77.0.2/24 dev eth0',
    'link set eth0 up',
    'route add local 10.78.0.0/24 dev lo',
  ]);

  const authority = await CertificateAuthority.create('fidelity');
  for (const host of HOSTS) {
    const { certificate, key } = await authority.issue({ commonName: host, ipAddresses: [host] });
    await writeFile(join(folder, `${host}.crt`), certificate);
    await writeFile(join(folder, `${host}.key`), key, { mode: 0o600 });
  }
  await writeFile(join(folder, 'nginx.conf'), CONFIGURATION);
  const nginx = await ServerProcess.start(
    'nginx',
    ['-e', 'stderr', '-p', folder, '-c', 'nginx.conf'],
    {
      enter: server.enter,
      ready: () => respondsWith200(`http://${HOSTS[0]}:${FIRST_PORT.http + 1}/`),
    },
  );
  stack.defer(() => nginx.stop());

  const free = [...PORTS];
  return {
    authority: authority.certificate,
    hosts: HOSTS,
    port: (scheme) => {
      const port = free.shift();
      if (port === undefined) throw new Error('no free port');
      return FIRST_PORT[scheme] + port;
    },
  };
}

const numbers = (scheme: Scheme) => PORTS.map((port) => FIRST_PORT[scheme] + port);

const httpsServer = (host: string) => `
  server {
    ${numbers('https')
      .map((port) => `listen ${host}:${port} ssl;`)
      .join(' ')}
    ssl_certificate ${host}.crt;
    ssl_certificate_key ${host}.key;
    location / { return 200; }
  }`;

const CONFIGURATION = `
daemon off;
user root;
pid nginx.pid;
error_log stderr;
worker_processes 1;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  ${TEMP_PATHS}
  server {
    ${numbers('http')
      .map((port) => `listen ${port};`)
      .join(' ')}
    location / { return 200; }
  }
  ${HOSTS.map(httpsServer).join('')}
}
`;
