import { CertificateAuthority } from './certificates.ts';
import type { ControlPlane } from './control-plane.ts';
import { DnsServer } from './dns-server.ts';
import { EmbeddedApiServer } from './embedded-api-server.ts';
import { API_SERVER_HOST, Files, INGRESS_HOST, SERVICE_HOST } from './environment.ts';
import { Ingress } from './ingress.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type Backend, Wire } from './wire.ts';

/** The parts of a cluster that are not nodes. */
export type Parts = Readonly<{
  layout: Layout;
  files: Files;
  controlPlane: ControlPlane;
  dns: DnsServer;
  ingress: Ingress;
  service: Wire;
}>;

/**
 * Starts them within a block of addresses (layout.ts); `endpoints` are the pods that are in service.
 * Whatever is started is left for `stack` to close, also when another is not.
 */
export async function startParts(
  network: string,
  endpoints: () => readonly Backend[],
  stack: AsyncDisposableStack,
): Promise<Parts> {
  const layout = layoutOf(network);
  const kept = <T extends { close(): Promise<void> }>(part: T): T => {
    stack.defer(() => part.close());
    return part;
  };
  const controlPlane = kept(await EmbeddedApiServer.start(layout.apiServer));
  const records = {
    [API_SERVER_HOST]: [controlPlane.url.hostname],
    [SERVICE_HOST]: [layout.service.address],
    [INGRESS_HOST]: [layout.ingress.address],
  };
  const dns = kept(await DnsServer.start({ ...layout.dns, records }));
  const service = kept(await Wire.start({ ...layout.service, backends: endpoints }));
  const authority = await CertificateAuthority.create('ingress of the cluster on this machine');
  const ingress = kept(
    await Ingress.start({ ...layout.ingress, host: INGRESS_HOST, authority, backends: endpoints }),
  );
  const files = await Files.create(layout, authority.certificate);
  stack.defer(() => files.remove());
  return { layout, files, controlPlane, dns, ingress, service };
}
