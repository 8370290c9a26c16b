import { readFileSync } from 'node:fs';
import type { Server as HttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { onFileChange } from './follow-file.ts';

/** Paths of PEM files. */
export type KeyPairFiles = Readonly<{ certFile: string; keyFile: string }>;

/** Reads a certificate and its key. Throws, naming both files, if they cannot be used together. */
export function readKeyPair({ certFile, keyFile }: KeyPairFiles) {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    createSecureContext(pair);
    return pair;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`cannot use the certificate ${certFile} with the key ${keyFile}: ${message}`, {
      cause,
    });
  }
}

/**
 * Loads the certificate, and reloads it when a file changes, keeping the previous one if that
 * fails. Throws if the first load fails.
 */
export function followCertificate(
  server: HttpsServer,
  files: KeyPairFiles,
  onError: (error: Error, message: string) => void,
): () => void {
  server.setSecureContext(readKeyPair(files));
  const reload = () => {
    try {
      server.setSecureContext(readKeyPair(files));
    } catch (error) {
      const { cause } = error as Error;
      onError(cause as Error, 'cannot load the changed certificate; keeping the previous one');
    }
  };
  const unfollow = [files.certFile, files.keyFile].map((file) => onFileChange(file, reload));
  return () => {
    for (const stop of unfollow) stop();
  };
}
