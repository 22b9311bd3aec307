/** What of a request its visitor is read from. */
export interface RequestFacts {
  /** The request's own absolute address, as far as this server knows it. */
  readonly url?: string | undefined;
  /**
   * Who opened the connection: the visitor, or the proxy nearest to this server. Asked when an event is tracked, where the
   * connection may be closed already.
   */
  peerIp?(): string | undefined;
  /** A header by its name in lower case; several of one name joined by `, ` (cookies by `; `). */
  header(name: string): string | null | undefined;
}

/** The absolute address of a request to this server, from what a server knows of it: scheme, `Host` and `/path?query`. */
export function absoluteUrl(
  scheme: string,
  host: string | null | undefined,
  path: string | undefined,
): string | undefined {
  // `OPTIONS *` and requests to a proxy have no path.
  return host && path?.startsWith('/') ? `${scheme}://${host}${path}` : undefined;
}
