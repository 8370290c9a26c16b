/** Reads `scheme://host:port`, and nothing after it; undefined where the text is something else. */
export function readHostAndPort(scheme: string, text: string): URL | undefined {
  const [, host = '', port = ''] =
    /^[a-z]+:\/\/(\[[^\]]+\]|[^/?#@:[\]]+):(\d{1,5})\/?$/i.exec(text) ?? [];
  const hostname = readHost(host);
  if (hostname === undefined || !isPort(Number(port))) return undefined;
  return new URL(`${scheme}://${hostname}:${port}`);
}

/**
 * A host name, or an IP address as a URL has it, in lower case; undefined where the text is neither. URLs of other schemes
 * than http take any text for a host, and numbers such as 10.1 for a name.
 */
export function readHost(text: string): string | undefined {
  const read = URL.parse(`https://${text}`)?.hostname;
  const isSame = text.startsWith('[') || read === text.toLowerCase();
  return isSame && read !== '' ? read : undefined;
}

/** Whether a socket can be connected to it. */
export function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}
