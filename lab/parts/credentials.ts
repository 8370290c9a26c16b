import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';

/**
 * What a pod needs to talk to the API server: the path of its kubeconfig, the path of the token
 * file that this names, and the token.
 */
export type Credentials = Readonly<{ kubeconfig: string; tokenFile: string; token: string }>;

/** Issues a separate token for `name`, and writes everything needed to use it to `directory`. */
export async function writeCredentials(
  directory: string,
  name: string,
  controlPlane: ControlPlane,
): Promise<Credentials> {
  const tokenFile = join(directory, `${name}.token`);
  const kubeconfig = join(directory, `${name}.kubeconfig`);
  const authorityFile = join(directory, `${name}.api-server-ca.pem`);
  // @kubernetes/client-node rereads a token file only for this kind of user.
  const user = { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'cluster',
        cluster: { server: controlPlane.url.origin, 'certificate-authority': authorityFile },
      },
    ],
    users: [{ name, user }],
    contexts: [{ name: 'context', context: { cluster: 'cluster', user: name } }],
    'current-context': 'context',
  };
  const token = await controlPlane.issueToken(name);
  await Promise.all([
    writeFile(tokenFile, token, { mode: 0o600 }),
    writeFile(authorityFile, controlPlane.certificateAuthority),
    writeFile(kubeconfig, JSON.stringify(config)),
  ]);
  return { kubeconfig, tokenFile, token };
}
