import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { followFile } from '../follow-file.ts';
import { TLS_CLIENT } from '../tls-verification.ts';
import { readCertificates } from './pem.ts';
import { systemAuthorities } from './system-authorities.ts';
import { isSignedBy } from './vouched-for.ts';

const CLUSTER = "the cluster's CA";
const EXTRA = 'KUBENURSE_EXTRA_CA';

/** A client certificate with its key, and authorities to trust instead of all others; PEM. */
export type OwnTls = Readonly<Partial<Record<'ca' | 'cert' | 'key', Buffer | undefined>>>;

/** How a client of Node's `tls` or `https` verifies a server. */
export type VerifyOptions = Readonly<{ secureContext: SecureContext }> & typeof TLS_CLIENT;

/** The CAs that are trusted to sign server certificates. */
export type CaBundle = Readonly<{
  /** Shared by all handshakes until a file changes. */
  secureContext: () => SecureContext;
  verifyOptions: (own: OwnTls) => VerifyOptions;
  /**
   * Whether the cluster's CA vouches for the server of a verified connection. If the credentials
   * name no CA, any authority does; without credentials, none does.
   */
  isClusterServer: (socket: TLSSocket) => boolean;
  close: () => void;
}>;

/**
 * Trusts the CAs of the system, of the cluster, and of a file. Files are read again when they
 * change, until `close()`. An error in one is reported to `onMistake` and does not affect the
 * others.
 */
export function createCaBundle(options: {
  /**
   * The cluster's CA: a file, or PEM; neither if its credentials name none, `undefined` if there
   * are no credentials.
   */
  cluster: Readonly<{ file?: string; pem?: string }> | undefined;
  extraFile: string | undefined;
  onMistake: (message: string) => void;
}): CaBundle {
  const { cluster, extraFile, onMistake } = options;
  const read = (name: string, text: string) => {
    const { certificates, mistakes } = readCertificates(text);
    for (const mistake of mistakes) onMistake(`${name} ${mistake}`);
    return certificates;
  };
  const trusted = {
    [CLUSTER]: cluster?.pem === undefined ? [] : read(CLUSTER, cluster.pem),
    [EXTRA]: [] as string[],
  };
  const authorities = () => [
    ...new Set([...systemAuthorities(), ...trusted[CLUSTER], ...trusted[EXTRA]]),
  ];
  const createContext = (own: OwnTls) =>
    createSecureContext({ ...TLS_CLIENT, ...own, ca: own.ca ?? authorities() });

  let context: SecureContext | undefined;
  let clusterAuthorities: X509Certificate[] | undefined;
  /**
   * Fingerprint of the last certificate that the cluster's CA vouched for, since following the
   * chain takes 0.4 ms.
   */
  let vouchedFor: string | undefined;
  const secureContext = () => {
    context ??= createContext({});
    return context;
  };
  const follow = (name: keyof typeof trusted, path: string) =>
    followFile(
      path,
      (text) => {
        const certificates = read(`${name}: ${path}`, text);
        // While a file holds nothing usable, what it held before stays trusted.
        if (certificates.length > 0) trusted[name] = certificates;
        clusterAuthorities = undefined;
        vouchedFor = undefined;
        const isInUse = context !== undefined;
        context = undefined;
        if (isInUse) secureContext();
      },
      (error) => onMistake(`${name}: ${error.message}`),
    );
  const unfollow = [
    ...(cluster?.file === undefined ? [] : [follow(CLUSTER, cluster.file)]),
    ...(extraFile === undefined ? [] : [follow(EXTRA, extraFile)]),
  ];
  // Created ahead, not in a handshake: it takes some 25 ms (measured, 145 authorities), which would
  // count as the network's.
  secureContext();

  return {
    secureContext,
    verifyOptions: (own) => ({
      secureContext: Object.values(own).every((pem) => pem === undefined)
        ? secureContext()
        : createContext(own),
      ...TLS_CLIENT,
    }),
    isClusterServer: (socket) => {
      const server = socket.getPeerX509Certificate();
      if (server === undefined || cluster === undefined) return false;
      if (cluster.file === undefined && cluster.pem === undefined) return true;
      if (server.fingerprint256 === vouchedFor) return true;
      clusterAuthorities ??= trusted[CLUSTER].map((pem) => new X509Certificate(pem));
      if (!isSignedBy(server, clusterAuthorities)) return false;
      vouchedFor = server.fingerprint256;
      return true;
    },
    close: () => {
      for (const stop of unfollow) stop();
    },
  };
}
