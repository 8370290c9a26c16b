/** Reads `scheme://host:port` with nothing after it; undefined if the text is anything else. */
export function readHostAndPort(scheme: string, text: string): URL | undefined {
  const [, host = '', port = ''] =
    /^[a-z]+:\/\/(\[[^\]]+\]|[^/?#@:[\]]+):(\d{1,5})\/?$/i.exec(text) ?? [];
  const hostname = readHost(host);
  if (hostname === undefined || !isPort(Number(port))) return undefined;
  return new URL(`${scheme}://${hostname}:${port}`);
}

/**
 * Reads a host name, or an IP address as URLs have it, in lower case; undefined if the text is
 * neither. URLs with schemes other than http accept any text as a host, and 10.1, say, as a name.
 */
export function readHost(text: string): string | undefined {
  const read = URL.parse(`https://${text}`)?.hostname;
  const isSame = text.startsWith('[') || read === text.toLowerCase();
  return isSame && read !== '' ? read : undefined;
}

/** Whether a socket can connect to this port. */
export function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
