import { guardLogger } from '../core/logger.js';
import { isLoopback } from '../protocol/loopback.js';
import type { ResolvedOptions } from './options.js';

/** What to know of an address that is reached without encryption; `undefined` for any other, and on this machine. */
export function plainHttpWarning(baseUrl: string): string | undefined {
  const { protocol, host, hostname } = new URL(baseUrl);
  if (protocol !== 'http:' || isLoopback(hostname)) return undefined;
  return `${host} is reached by http, so everybody on the way can read the token and all personal data: use https.`;
}

/** Warns of an address that events would reach without encryption. */
export function warnOfPlainHttp({ baseUrl, disabled, logger }: ResolvedOptions): void {
  const warning = disabled ? undefined : plainHttpWarning(baseUrl);
  if (warning !== undefined) guardLogger(logger ?? console).warn(warning);
}
