/** How a client connects to the API server. */
export type KubeconfigOptions = Readonly<{
  url: URL;
  /** PEM. */
  authority: string;
  /** The bearer token. */
  token: string;
}>;

/** The text of a kubeconfig that needs no other file. */
export function kubeconfig({ url, authority, token }: KubeconfigOptions): string {
  const data = Buffer.from(authority).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'lab', cluster: { server: url.origin, 'certificate-authority-data': data } },
    ],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'user' } }],
    'current-context': 'lab',
  });
}
