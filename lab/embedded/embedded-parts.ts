import { API_SERVER_HOST, INGRESS_HOST, SERVICE_HOST } from '../parts/hosts.ts';
import type { Backend, Parts, StartParts } from '../parts/parts.ts';
import { CertificateAuthority } from '../support/certificates.ts';
import { EmbeddedApiServer } from './api-server/embedded-api-server.ts';
import { DnsServer } from './dns-server.ts';
import { EmbeddedNode } from './embedded-node.ts';
import { EmbeddedService } from './embedded-service.ts';
import { Files } from './environment.ts';
import { Ingress } from './ingress.ts';
import { layoutOf } from './layout.ts';
import { install, isMissing } from './one-address.ts';

/** Parts that need nothing but Node: servers of this project on loopback addresses. */
export type EmbeddedParts = Parts &
  Readonly<{
    controlPlane: EmbeddedApiServer;
    dns: DnsServer;
    ingress: Ingress;
    service: EmbeddedService;
  }>;

/**
 * `network`: the first two bytes of every address, such as `127.0` (layout.ts). If the loopback
 * interface has only one address, they become ports of that one (one-address.ts), and only one
 * cluster can run at a time.
 */
export function embeddedParts(network: string): StartParts<EmbeddedParts> {
  return async (stack) => {
    const hasOneAddress = await isMissing(layoutOf(network).apiServer.address);
    const layout = layoutOf(network, hasOneAddress);
    if (hasOneAddress) install();
    const kept = <T extends { close(): Promise<void> }>(part: T): T => {
      stack.defer(() => part.close());
      return part;
    };
    let backends: readonly Backend[] = [];
    const controlPlane = kept(await EmbeddedApiServer.start(layout.apiServer));
    const records = {
      [API_SERVER_HOST]: [controlPlane.url.hostname],
      [SERVICE_HOST]: [layout.service.address],
      [INGRESS_HOST]: [layout.ingress.address],
    };
    const dns = kept(await DnsServer.start({ ...layout.dns, records }));
    const service = kept(await EmbeddedService.start(layout.service));
    const authority = await CertificateAuthority.create('ingress of the cluster on this machine');
    const ingress = kept(
      await Ingress.start({
        ...layout.ingress,
        host: INGRESS_HOST,
        authority,
        backends: () => backends,
      }),
    );
    const files = await Files.create(layout, authority.certificate);
    stack.defer(() => files.remove());

    const connectionsTo = (address: string) =>
      service.connectionsTo(address) + ingress.connectionsTo(address);
    return {
      kind: 'embedded',
      controlPlane,
      dns,
      ingress,
      service,
      network: {
        break: (split) => {
          if (split) throw new Error('loopback addresses have no network between them');
        },
      },
      setEndpoints: async (endpoints) => {
        backends = endpoints.flatMap(({ addresses: [address], port }) =>
          address === undefined ? [] : { address, port },
        );
        await service.setBackends(backends);
      },
      addNode: async (number, name) =>
        new EmbeddedNode({ number, name, layout, files, controlPlane, connectionsTo }),
    };
  };
}
