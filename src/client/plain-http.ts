import { guardLogger } from '../core/logger.js';
import { isLoopback } from '../protocol/loopback.js';
import type { ResolvedOptions } from './options.js';

/** The warning for an unencrypted address; `undefined` for any other address and for this machine. */
export function plainHttpWarning(baseUrl: string): string | undefined {
  const { protocol, host, hostname } = new URL(baseUrl);
  if (protocol !== 'http:' || isLoopback(hostname)) return undefined;
  return `${host} is reached over http, which exposes the token and all personal data: use https.`;
}

/** Warns if events would be sent unencrypted. */
export function warnOfPlainHttp({ baseUrl, disabled, logger }: ResolvedOptions): void {
  const warning = disabled ? undefined : plainHttpWarning(baseUrl);
  if (warning !== undefined) guardLogger(logger ?? console).warn(warning);
}
