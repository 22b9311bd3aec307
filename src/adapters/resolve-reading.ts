import { checkOptionNames, failOption, requireFunction } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { type KeepsParameter, parametersToKeep } from './page.js';
import type { SessionCookies } from './session.js';
import { type Trusts, toTrusts } from './trusted-proxies.js';
import type { CookieNames, IdentityFromLinks, ReadingOptions } from './visitor-options.js';

/** {@link ReadingOptions}, checked and with the defaults. */
export interface ResolvedReading {
  readonly cookies: SessionCookies & { readonly visitor: string };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly ipHeader: string | undefined;
  /** `undefined`: no proxy is trusted. */
  readonly trusts: Trusts | undefined;
  readonly identityFromLinks: IdentityFromLinks;
  readonly keepsParameter: KeepsParameter;
}

const COOKIE_NAMES = fieldNames<CookieNames>({ visitor: 1, data: 1, session: 1 });
const LINK_RULES: readonly IdentityFromLinks[] = ['never', 'new-visitors', 'always'];
// Tokens of RFC 6265 without '%', which the browser SDK would encode.
const COOKIE_NAME = /^[\w!#$&'*+.^`|~-]{1,256}$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;

/**
 * The defaults are the browser SDK's.
 * @throws {OursError} `invalid_option`
 */
export function resolveReading({
  cookieNames = {},
  trustProxy,
  ipHeader,
  identityFromLinks = 'never',
  keepQuery = [],
  now,
}: ReadingOptions): ResolvedReading {
  checkOptionNames('cookieNames', cookieNames, COOKIE_NAMES);
  const { visitor = 'ours_device_id', data = '_cord_sdk_data', session = 'ours_sid' } = cookieNames;
  for (const [key, name] of Object.entries({ visitor, data, session })) {
    if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
      failOption(`cookieNames.${key} must be a cookie name: only letters, digits and !#$&'*+-.^_\`|~.`);
    }
  }
  if (ipHeader !== undefined && (typeof ipHeader !== 'string' || !HEADER_NAME.test(ipHeader))) {
    failOption("ipHeader must be a header name, such as 'cf-connecting-ip'.");
  }
  if (!LINK_RULES.includes(identityFromLinks)) {
    failOption(`identityFromLinks must be one of ${LINK_RULES.map((rule) => `'${rule}'`).join(', ')}.`);
  }
  if (!Array.isArray(keepQuery) || !keepQuery.every((name) => typeof name === 'string' && name !== '')) {
    failOption("keepQuery must be a list of query parameters, such as ['plan'], or ['*'] for all.");
  }
  if (now !== undefined) requireFunction('now', now);
  return {
    cookies: { visitor, data, session },
    // Looked up on each request: tests replace the global.
    now: now ?? (() => Date.now()),
    ipHeader: ipHeader?.toLowerCase(),
    identityFromLinks,
    keepsParameter: parametersToKeep(keepQuery),
    trusts: trustProxy === undefined ? undefined : toTrusts(trustProxy),
  };
}
