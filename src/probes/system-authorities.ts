import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { splitPem } from './pem.ts';

/**
 * The certificates of the system's authorities (PEM), or those bundled with Node if the system has
 * none. They are found as in OpenSSL and Go: in `SSL_CERT_FILE`, and in the folders of
 * `SSL_CERT_DIR`, separated by colons. Node's `getCACertificates('system')` keeps all it has read,
 * which takes 1 to 3 MB and 0.1 s.
 */
export function systemAuthorities(): string[] {
  const { SSL_CERT_FILE = '/etc/ssl/cert.pem', SSL_CERT_DIR = '/etc/ssl/certs' } = process.env;
  const texts = new Set([SSL_CERT_FILE, ...SSL_CERT_DIR.split(':').flatMap(filesIn)].map(textOf));
  const found = new Set([...texts].flatMap((text) => splitPem(text).blocks));
  return found.size > 0 ? [...found] : [...rootCertificates];
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Empty if it cannot be read, such as a folder. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
