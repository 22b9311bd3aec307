import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/**
 * Tells whether a request names this machine rather than a name that some web site may have pointed here: a page of
 * that site could otherwise read along as if it were the collector's own (DNS rebinding).
 *
 * [A] An address, `localhost`, or a name without a dot, which only the own network resolves.
 */
export function isOwnHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d*$/, '').toLowerCase();
  if (name.startsWith('[')) return true;
  return name !== '' && (isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost'));
}

/** Tells whether a form was sent by a page of this host: browsers say where a form comes from, and no page can lie. */
export function isFromOwnPage({ host, origin, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  return origin === undefined ? site !== undefined : hostOf(origin) === host?.toLowerCase();
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
