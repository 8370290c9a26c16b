import './reflect-metadata.ts';

import type { webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key (PKCS #8), both PEM. */
export type Certificate = Readonly<{ certificate: string; key: string }>;

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' };
const HOUR_MS = 60 * 60 * 1000;
const YEAR_MS = 365 * 24 * HOUR_MS;

/** Signs serving certificates. It and its key exist only in this process's memory. */
export class CertificateAuthority {
  /** PEM: what a client has to trust. */
  readonly certificate: string;
  readonly #authority: X509Certificate;
  readonly #key: CryptoKey;

  private constructor(authority: X509Certificate, key: CryptoKey) {
    this.certificate = `${authority.toString('pem')}\n`;
    this.#authority = authority;
    this.#key = key;
  }

  /** A new authority with its own key, valid from an hour ago for a year. */
  static async create(commonName: string): Promise<CertificateAuthority> {
    const keys = await generateKeys();
    const authority = await X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [commonName] }],
      keys,
      ...validity({}),
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: await authorityExtensions(keys.publicKey),
    });
    return new CertificateAuthority(authority, keys.privateKey);
  }

  /**
   * An intermediate authority, signed by this one; valid from an hour ago for a year, unless given
   * otherwise.
   */
  async intermediate(commonName: string, given: { notAfter?: Date } = {}) {
    const keys = await generateKeys();
    const authority = await X509CertificateGenerator.create({
      subject: [{ CN: [commonName] }],
      issuer: this.#authority.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      ...validity(given),
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: [
        ...(await authorityExtensions(keys.publicKey)),
        await AuthorityKeyIdentifierExtension.create(this.#authority.publicKey),
      ],
    });
    return new CertificateAuthority(authority, keys.privateKey);
  }

  /**
   * A serving certificate with its own key. Clients look for the name they dialled only among
   * `dnsNames` and `ipAddresses`, never at `commonName`. Valid from an hour ago for a year, unless
   * given otherwise. With `usage: 'client'`, it is a client's instead, whom a server identifies by
   * `commonName`.
   */
  async issue(options: {
    commonName: string;
    usage?: 'server' | 'client';
    dnsNames?: string[];
    ipAddresses?: string[];
    notBefore?: Date;
    notAfter?: Date;
  }): Promise<Certificate> {
    const keys = await generateKeys();
    const names = [
      ...(options.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(options.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ];
    const certificate = await X509CertificateGenerator.create({
      subject: [{ CN: [options.commonName] }],
      issuer: this.#authority.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      ...validity(options),
      signingAlgorithm: SIGNING_ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([
          ExtendedKeyUsage[options.usage === 'client' ? 'clientAuth' : 'serverAuth'],
        ]),
        ...(names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : []),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#authority.publicKey),
      ],
    });
    return {
      certificate: `${certificate.toString('pem')}\n`,
      key: await privateKeyPem(keys.privateKey),
    };
  }
}

async function authorityExtensions(publicKey: CryptoKey) {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    await SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

function validity(given: { notBefore?: Date; notAfter?: Date }) {
  return {
    notBefore: given.notBefore ?? new Date(Date.now() - HOUR_MS),
    notAfter: given.notAfter ?? new Date(Date.now() + YEAR_MS),
  };
}

async function privateKeyPem(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
