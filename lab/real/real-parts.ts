import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_SERVER_HOST, INGRESS_HOST, SERVICE_HOST } from '../parts/hosts.ts';
import type { Endpoint, Parts, StartParts } from '../parts/parts.ts';
import { NAMESPACE } from '../parts/pod.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { type AddressPlan, familyOf, type IpFamily } from './address-plan.ts';
import { RealControlPlane } from './control-plane.ts';
import { DnsmasqServer } from './dns.ts';
import { Fabric } from './fabric.ts';
import { NginxIngress } from './ingress.ts';
import type { Machine } from './machine.ts';
import type { NodeNetwork } from './node-network.ts';
import { RealSandbox } from './real-sandbox.ts';
import type { Service } from './service-rules.ts';

/** The last numbers of the machines' addresses, and of the cluster IPs. */
const MACHINES = { 'api-server': 10, ingress: 12, dns: 13, 'dns-first': 14 };
const SERVICES = { kubernetes: 1, dns: 10, kubenurse: 20 };

/** How to start the real parts. */
export type RealPartsOptions = Readonly<{
  /**
   * The first two bytes of every IPv4 address; `10.21` by default. Clusters that run at once need
   * different ones.
   */
  network?: string;
  /** The primary one first; only IPv4 by default. */
  families?: readonly IpFamily[];
  /** The programs also serve TLS, and use it for checks of each other and of their Service. */
  tls?: boolean;
  /**
   * The pods have a second name server, at its own address, and query it first; if it is silent, a
   * look-up takes a second longer.
   */
  twoNameServers?: boolean;
}>;

/**
 * The parts that real clusters are made of: etcd, kube-apiserver, nginx, dnsmasq, nftables, network
 * namespaces.
 */
export type RealParts = Parts &
  Readonly<{
    controlPlane: RealControlPlane;
    dns: DnsmasqServer;
    /** With `twoNameServers`: the one queried first. */
    firstDns: DnsmasqServer | undefined;
    ingress: NginxIngress;
    fabric: Fabric;
    /** Writes these certificates as the API server's authorities (`ca.crt`) for every pod. */
    distributeAuthorities: (pem: string) => Promise<void>;
    /** Replaces the certificate with which each pod serves TLS. */
    rotateCertificates: () => Promise<void>;
  }>;

/** Requires root on Linux, and a separate namespace (own-namespace.ts). */
export function realParts(options: RealPartsOptions = {}): StartParts<RealParts> {
  return async (stack) => {
    const directory = await mkdtemp(join(tmpdir(), 'kubenurse-cluster-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const kept = <T extends { close(): Promise<void> }>(part: T): T => {
      stack.defer(() => part.close());
      return part;
    };
    const fabric = kept(
      await Fabric.create(options.network ?? '10.21', options.families ?? ['IPv4']),
    );
    const { plan } = fabric;
    const [machine, ingressMachine, dnsMachine] = await Promise.all([
      fabric.addMachine('api-server', MACHINES['api-server']),
      fabric.addMachine('ingress', MACHINES.ingress),
      fabric.addMachine('dns', MACHINES.dns),
    ]);
    const authority = await CertificateAuthority.create('a cluster of real parts');
    const records = {
      [API_SERVER_HOST]: plan.service(SERVICES.kubernetes),
      [SERVICE_HOST]: plan.service(SERVICES.kubenurse),
      [INGRESS_HOST]: ingressMachine.addresses,
    };
    const startDns = (on: Machine) =>
      DnsmasqServer.start({ machine: on, operator: fabric.operator[0] ?? '', records }).then(kept);
    const firstDnsMachine = options.twoNameServers
      ? await fabric.addMachine('dns-first', MACHINES['dns-first'])
      : undefined;
    const [controlPlane, ingress, dns, firstDns] = await Promise.all([
      RealControlPlane.start({
        machine,
        serviceRanges: plan.serviceRange(),
        serviceAddresses: plan.service(SERVICES.kubernetes),
      }).then(kept),
      NginxIngress.start({ machine: ingressMachine, host: INGRESS_HOST, authority }).then(kept),
      startDns(dnsMachine),
      firstDnsMachine && startDns(firstDnsMachine),
    ]);

    const setEndpoints = async (endpoints: readonly Endpoint[]) => {
      const primary = backendsOf(endpoints, 8080).filter(
        ({ address }) => familyOf(address) === plan.families[0],
      );
      await Promise.all([
        fabric.services.set(
          servicesOf(plan, machine, { machine: dnsMachine, port: dns.port }, endpoints),
        ),
        ingress.setBackends(primary),
      ]);
    };
    await setEndpoints([]);

    const resolvConf = join(directory, 'resolv.conf');
    const extraAuthority = join(directory, 'ca.pem');
    const nameservers = [...(firstDnsMachine?.addresses ?? []), ...plan.service(SERVICES.dns)];
    await writeFile(
      resolvConf,
      resolvConfOf(nameservers, options.twoNameServers ? ' timeout:1' : ''),
    );
    await writeFile(extraAuthority, authority.certificate);

    const networks = new Map<number, NodeNetwork>();
    const sandboxes = new Set<RealSandbox>();
    return {
      kind: 'real',
      controlPlane,
      dns,
      firstDns,
      ingress,
      fabric,
      service: { break: (fault) => fabric.services.break('kubenurse', fault) },
      network: {
        break: (split) => {
          if (split === undefined) return fabric.partition(undefined);
          const side = (isFirst: boolean) =>
            [...networks]
              .filter(([number]) => number <= split.first === isFirst)
              .map(([, network]) => network);
          const direction = split.kind === 'split' ? 'both' : 'one-way';
          return fabric.partition({ from: side(true), to: side(false), direction });
        },
      },
      setEndpoints,
      addNode: async (number, name) => {
        const network = await fabric.addNode(number);
        networks.set(number, network);
        return {
          addresses: network.addresses,
          addPod: async () => {
            const sandbox = await RealSandbox.create({
              node: network,
              nodeName: name,
              directory,
              resolvConf,
              extraAuthority,
              controlPlane,
              apiServer: plan.service(SERVICES.kubernetes)[0] ?? '',
              tlsAuthority: options.tls ? authority : undefined,
              closed: () => sandboxes.delete(sandbox),
            });
            sandboxes.add(sandbox);
            return sandbox;
          },
          close: async () => {
            networks.delete(number);
            await network.close();
          },
        };
      },
      distributeAuthorities: async (pem) => {
        await Promise.all([...sandboxes].map((sandbox) => sandbox.writeAuthorities(pem)));
      },
      rotateCertificates: async () => {
        await Promise.all([...sandboxes].map((sandbox) => sandbox.writeCertificate()));
      },
    };
  };
}

/** What kube-proxy would make of the cluster's Services. `endpoints`: those of kubenurse. */
function servicesOf(
  plan: AddressPlan,
  apiServer: Machine,
  dns: Readonly<{ machine: Machine; port: number }>,
  endpoints: readonly Endpoint[],
): Service[] {
  const service = (
    name: keyof typeof SERVICES,
    port: number,
    protocol: 'TCP' | 'UDP',
    backends: Service['backends'],
  ) => ({ name, addresses: plan.service(SERVICES[name]), port, protocol, backends });
  const dnsBackends = backendsOf([dns.machine], dns.port);
  return [
    service('kubernetes', 443, 'TCP', backendsOf([apiServer], 6443)),
    service('dns', 53, 'UDP', dnsBackends),
    service('dns', 53, 'TCP', dnsBackends),
    service('kubenurse', 8080, 'TCP', backendsOf(endpoints, 8080)),
    service('kubenurse', 8443, 'TCP', backendsOf(endpoints, 8443)),
  ];
}

function backendsOf(
  hosts: readonly Readonly<{ addresses: readonly string[] }>[],
  port: number,
): Service['backends'] {
  return hosts.flatMap(({ addresses }) => addresses.map((address) => ({ address, port })));
}

/** As kubelet writes it for a pod. `further`: options of the pod's `dnsConfig`. */
function resolvConfOf(nameservers: readonly string[], further: string): string {
  return [
    ...nameservers.map((address) => `nameserver ${address}`),
    `search ${NAMESPACE}.svc.cluster.local svc.cluster.local cluster.local`,
    `options ndots:5${further}`,
    '',
  ].join('\n');
}
