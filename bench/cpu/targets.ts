import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DnsServer } from '../../lab/embedded/dns-server.ts';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { startNeighbours } from '../served/neighbours.ts';

const NEIGHBOURS = 10;
const NAME = 'target.test';

/** The 14 URLs that both programs check, and the variables that make kubenurse check them. */
export type Targets = Readonly<{
  environment: Readonly<Record<string, string>>;
  /** As kubenurse's, with the address in place of a name to look up. */
  urls: readonly string[];
  /** PEM file: the CA that signed the certificate. */
  authority: string;
}>;

/**
 * Starts ten neighbours, the Service, and an HTTPS server for three checks, two of which look up a
 * name. They end with the stack.
 */
export async function startTargets(stack: AsyncDisposableStack): Promise<Targets> {
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const neighbours = await startNeighbours(stack, NEIGHBOURS);

  const ca = await CertificateAuthority.create('bench');
  const authority = join(folder, 'ca.crt');
  await writeFile(authority, ca.certificate);
  const { certificate: cert, key } = await ca.issue({
    commonName: NAME,
    dnsNames: [NAME],
    ipAddresses: ['127.0.0.1'],
  });
  const server = createServer({ cert, key }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const dns = await DnsServer.start({
    address: '127.0.0.1',
    port: 0,
    records: { [NAME]: ['127.0.0.1'] },
  });
  stack.defer(() => dns.close());
  const resolvConf = join(folder, 'resolv.conf');
  await writeFile(resolvConf, `nameserver 127.0.0.1:${dns.port}\n`);

  const hosts = ['127.0.0.1', NAME, NAME];
  const extra = hosts.map((host, index) => `tls_${index + 1}:https://${host}:${port}/`);
  const service = neighbours.KUBENURSE_SERVICE_URL ?? '';
  const { port: neighbourPort } = new URL(service);
  const addresses = Array.from({ length: NEIGHBOURS }, (_, index) => `127.90.0.${index + 1}`);
  return {
    environment: {
      ...neighbours,
      KUBENURSE_EXTRA_CA: authority,
      KUBENURSE_EXTRA_CHECKS: extra.join('|'),
      KUBENURSE_RESOLV_CONF: resolvConf,
    },
    urls: [
      ...[...addresses, addresses[0]].map((host) => `http://${host}:${neighbourPort}/alwayshappy`),
      ...hosts.map(() => `https://127.0.0.1:${port}/`),
    ],
    authority,
  };
}
