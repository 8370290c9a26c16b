import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { followFile } from '../follow-file.ts';

/** A file of PEM certificates, by the name under which a mistake in it is told: `KUBENURSE_EXTRA_CA`. */
export type AuthorityFile = Readonly<{ name: string; path: string }>;

/**
 * Whom we trust to have signed a server's certificate: the system's authorities, those of the cluster in `pem`, and
 * those in `files`. A file is read again when it changes, until `close()`. What is wrong in one goes to `onMistake` and
 * costs the others nothing.
 */
export function createTrust(options: {
  pem: readonly string[];
  files: readonly AuthorityFile[];
  onMistake: (message: string) => void;
}): { secureContext: () => SecureContext; close: () => void } {
  const read = (name: string, text: string) => {
    const { certificates, mistakes } = readCertificates(text);
    for (const mistake of mistakes) options.onMistake(`${name} ${mistake}`);
    return certificates;
  };
  const inline = options.pem.flatMap((text) => read("the cluster's CA", text));
  const byFile = new Map<AuthorityFile, string[]>();

  let context: SecureContext | undefined;
  const secureContext = () => {
    context ??= createSecureContext({
      ca: [...new Set([...systemAuthorities(), ...inline, ...[...byFile.values()].flat()])],
    });
    return context;
  };

  const unfollow = options.files.map((file) =>
    followFile(
      file.path,
      (text) => {
        const certificates = read(`${file.name}: ${file.path}`, text);
        // While a file holds nothing usable, what it held before stays trusted.
        if (certificates.length > 0) byFile.set(file, certificates);
        const isInUse = context !== undefined;
        context = undefined;
        if (isInUse) secureContext();
      },
      (error) => options.onMistake(`${file.name}: ${error.message}`),
    ),
  );
  // Made ahead, not in a handshake: it takes some 25 ms (measured, 145 authorities), which would count as the network's.
  secureContext();

  return {
    secureContext,
    close: () => {
      for (const stop of unfollow) stop();
    },
  };
}

/**
 * The system's authorities, or those that Node carries where the system has none. They are where
 * `getCACertificates('system')` looks as well; that keeps all it has read, which takes 1 to 3 MB and 0.1 s.
 */
function systemAuthorities(): string[] {
  const { SSL_CERT_FILE = '/etc/ssl/cert.pem', SSL_CERT_DIR = '/etc/ssl/certs' } = process.env;
  const texts = new Set([SSL_CERT_FILE, ...filesIn(SSL_CERT_DIR)].map(textOf));
  const found = [...texts].filter((text) => text.includes('-----BEGIN CERTIFICATE-----'));
  return found.length > 0 ? found : [...rootCertificates];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Empty where it cannot be read, as a folder. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function readCertificates(text: string): { certificates: string[]; mistakes: string[] } {
  const certificates: string[] = [];
  const mistakes: string[] = [];
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) mistakes.push('holds no PEM certificate');
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
      certificates.push(block);
    } catch (cause) {
      mistakes.push(`holds a broken certificate, number ${index + 1}: ${(cause as Error).message}`);
    }
  }
  return { certificates, mistakes };
}
