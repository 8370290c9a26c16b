import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { CertificateAuthority } from '../support/certificates.ts';

const HANDSHAKE_LIMIT_MS = 2_000;

/** The addresses it is valid for, besides the names of the `kubernetes` Service and `localhost`. */
type Addresses = readonly string[];

/** The certificate of a server that reads it from files, and reads them again when they change. */
export class ServingCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  /** The authority that clients must trust at the moment. */
  readonly authorityFile: string;
  readonly #addresses: Addresses;
  #authority: CertificateAuthority;
  #fingerprint = '';

  private constructor(directory: string, addresses: Addresses, authority: CertificateAuthority) {
    this.certificateFile = join(directory, 'serving.crt');
    this.keyFile = join(directory, 'serving.key');
    this.authorityFile = join(directory, 'authority.crt');
    this.#addresses = addresses;
    this.#authority = authority;
  }

  /** Issues one from a new authority, and writes its files to this directory. */
  static async create(directory: string, addresses: Addresses): Promise<ServingCertificate> {
    const authority = await CertificateAuthority.create('kubernetes');
    const certificate = new ServingCertificate(directory, addresses, authority);
    await certificate.#issue();
    return certificate;
  }

  /** PEM: the authority that clients must trust at the moment. */
  get authority(): string {
    return this.#authority.certificate;
  }

  /**
   * Replaces certificate and key, and with `new` the authority as well; `announce` gets the
   * authority's PEM certificate beforehand.
   */
  async rotate(
    authority: 'same' | 'new',
    announce: (authority: string) => Promise<void> = async () => {},
  ): Promise<void> {
    if (authority === 'new') {
      const next = await CertificateAuthority.create('kubernetes');
      await announce(next.certificate);
      this.#authority = next;
    }
    await this.#issue();
  }

  /**
   * Whether a new connection to this URL is presented the current certificate. Rejects if there is
   * none within 2 s.
   */
  async isServedAt(url: URL): Promise<boolean> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect({ host, port: Number(url.port), rejectUnauthorized: false });
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(HANDSHAKE_LIMIT_MS) });
      return socket.getPeerX509Certificate()?.fingerprint256 === this.#fingerprint;
    } finally {
      socket.destroy();
    }
  }

  async #issue(): Promise<void> {
    const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
    const { certificate, key } = await this.#authority.issue({
      commonName: 'kube-apiserver',
      dnsNames: ['localhost', ...service, 'kubernetes.default.svc.cluster.local'],
      ipAddresses: [...this.#addresses],
    });
    this.#fingerprint = new X509Certificate(certificate).fingerprint256;
    await writeFile(this.authorityFile, this.authority);
    // The server tries to load them at each write, and uses the two as soon as they match.
    await writeFile(this.certificateFile, certificate);
    await writeFile(this.keyFile, key, { mode: 0o600 });
  }
}
