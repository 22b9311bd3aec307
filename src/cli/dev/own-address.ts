import type { NetworkInterfaceInfo } from 'node:os';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

const WILDCARD = /^http:\/\/(0\.0\.0\.0|\[::\])(?=[:/]|$)/;

/** Whether a server with this URL listens on every address of its machine. */
export function isWildcard(url: string): boolean {
  return WILDCARD.test(url);
}

/**
 * A URL that other machines can open. The URL of a server that listens on every address names none of them, so it gets one of the
 * machine's addresses: the first IPv4 address that others can reach, else IPv6, else loopback.
 *
 * @param interfaces as `networkInterfaces()` of `node:os` returns them
 */
export function withOwnAddress(url: string, interfaces: Interfaces): string {
  return url.replace(WILDCARD, (_, host: string) => {
    const outward = Object.values(interfaces).flatMap((addresses = []) =>
      addresses.filter(({ internal }) => !internal),
    );
    const ipv4 = outward.find(({ family }) => family === 'IPv4');
    if (ipv4 !== undefined) return `http://${ipv4.address}`;
    // A link-local address, which has a scope, cannot be part of a URL. 0.0.0.0 listens on IPv4 only.
    const ipv6 = outward.find(({ family, scopeid }) => family === 'IPv6' && scopeid === 0);
    return host === '[::]' && ipv6 !== undefined ? `http://[${ipv6.address}]` : 'http://127.0.0.1';
  });
}
