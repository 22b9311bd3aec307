import { isLoopback } from '../protocol/loopback.js';

/** What to know of an address that is reached without encryption; `undefined` for any other, and on this machine. */
export function plainHttpWarning(baseUrl: string): string | undefined {
  const { protocol, host, hostname } = new URL(baseUrl);
  if (protocol !== 'http:' || isLoopback(hostname)) return undefined;
  return `${host} is reached by http, so everybody on the way can read the token and all personal data: use https.`;
}
