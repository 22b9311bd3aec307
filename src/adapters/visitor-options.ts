import { checkLogger, checkOptionNames, failOption, requireFunction } from '../core/check-option.js';
import type { Logger } from '../core/logger.js';
import { typeName } from '../core/refusal.js';
import { fieldNames } from '../core/unknown-names.js';
import { parametersToKeep } from './page.js';
import type { Reading } from './request-visitor.js';
import { type TrustProxy, toTrusts } from './trusted-proxies.js';

/** Where the visitor of a request is read from. */
export interface ReadingOptions {
  /** The cookies' names, where the site has changed them. */
  readonly cookieNames?: CookieNames | undefined;
  /**
   * Who may say by `X-Forwarded-For`, `-Proto` and `-Host` what a request was before it, for anybody can send these headers:
   * a list of the proxies' addresses and ranges, or how many there are, where nobody reaches this server past them.
   *
   * The visitor's address is the nearest that is no such proxy's. It is unknown, never the proxy's own, where they name nobody
   * else: `X-Forwarded-For` is missing, or a request comes from one of the listed addresses itself. `Forwarded` (RFC 7239) is
   * not read.
   * @default nobody
   */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * The header in which the platform states the visitor's address, such as `cf-connecting-ip`. Only where every request
   * comes through that platform: without the header the address is unknown, never the platform's.
   * @default none
   */
  readonly ipHeader?: string | undefined;
  /**
   * Whether `?ours_visitor_id=` (`ours_user_id`) and `?ours_session_id=` in a request's address say whose it is. Anybody can make a
   * visitor follow such a link.
   *
   * - `never`: the cookies alone decide.
   * - `new-visitors`: the link decides where the browser has no cookie of a visitor, or one of the same visitor: the first page
   *   after a hand-over from another site of yours.
   * - `always`: the link decides over the cookies, as it does in the browser SDK.
   *
   * What tells of a person, `identify` and events with `externalId`, `email` or `userProperties`, never goes under an id that a link
   * has brought.
   * @default 'never'
   */
  readonly identityFromLinks?: IdentityFromLinks | undefined;
  /**
   * Parameters that stay in the addresses of events and assignments, besides those of campaigns and click ids (`utm_*`, `gclid`
   * …): others may hold what is nobody else's business. Name those that your experiments target. `'*'` keeps all.
   * @default none
   */
  readonly keepQuery?: readonly string[] | undefined;
  /** Milliseconds since the epoch, by which is judged whether a browser's session has ended. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** When a link may say whose a request is. */
export type IdentityFromLinks = 'never' | 'new-visitors' | 'always';

/** The browser SDK's cookies, as its option `cookie_names` calls them. */
export interface CookieNames {
  /** The visitor's id: `device_id` in the SDK's option. @default 'ours_device_id' */
  readonly visitor?: string | undefined;
  /** JSON with the session under `sid`: `sdk_data` in the SDK's option. @default '_cord_sdk_data' */
  readonly data?: string | undefined;
  /** The session, of older SDKs. @default 'ours_sid' */
  readonly session?: string | undefined;
}

/** How every adapter works. */
export interface AdapterOptions<Request> {
  /**
   * Whether the visitor may be looked at. Asked when a request's visitor is first used, before anything is read; unless it
   * returns `true` the visitor has neither identity nor address, and events in its name are refused.
   * @default everybody agrees
   */
  readonly consent?: ((request: Request) => boolean) | undefined;
  /** Hears of what an adapter could not do. @default the console */
  readonly logger?: Logger | undefined;
}

/** How an adapter reads its framework's requests. */
export interface VisitorOptions<Request> extends ReadingOptions, AdapterOptions<Request> {}

/** What every adapter takes. */
export const ADAPTER_OPTIONS: ReadonlySet<string> = fieldNames<AdapterOptions<never>>({ consent: 1, logger: 1 });
const READING_OPTIONS = fieldNames<ReadingOptions>({
  cookieNames: 1,
  trustProxy: 1,
  ipHeader: 1,
  identityFromLinks: 1,
  keepQuery: 1,
  now: 1,
});
/** What every adapter of requests takes. */
export const VISITOR_OPTIONS: ReadonlySet<string> = new Set([...READING_OPTIONS, ...ADAPTER_OPTIONS]);
const COOKIE_NAMES = fieldNames<CookieNames>({ visitor: 1, data: 1, session: 1 });
const LINK_RULES: readonly IdentityFromLinks[] = ['never', 'new-visitors', 'always'];
// RFC 6265's tokens without '%', which the browser SDK would write otherwise than it stands here.
const COOKIE_NAME = /^[\w!#$&'*+.^`|~-]{1,256}$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;

/**
 * Fills gaps with what the browser SDK does.
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function resolveReading({
  cookieNames = {},
  trustProxy,
  ipHeader,
  identityFromLinks = 'never',
  keepQuery = [],
  now,
}: ReadingOptions): Reading {
  checkOptionNames('cookieNames', cookieNames, COOKIE_NAMES);
  const { visitor = 'ours_device_id', data = '_cord_sdk_data', session = 'ours_sid' } = cookieNames;
  for (const [key, name] of Object.entries({ visitor, data, session })) {
    if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
      failOption(`cookieNames.${key} must be the name of a cookie: letters, digits and !#$&'*+-.^_\`|~ only.`);
    }
  }
  if (ipHeader !== undefined && (typeof ipHeader !== 'string' || !HEADER_NAME.test(ipHeader))) {
    failOption("ipHeader must be the name of a header, such as 'cf-connecting-ip'.");
  }
  if (!LINK_RULES.includes(identityFromLinks)) {
    failOption(`identityFromLinks must be ${LINK_RULES.map((rule) => `'${rule}'`).join(', ')}.`);
  }
  if (!Array.isArray(keepQuery) || !keepQuery.every((name) => typeof name === 'string' && name !== '')) {
    failOption("keepQuery must be a list of query parameters, such as ['plan'], or ['*'] for all.");
  }
  if (now !== undefined) requireFunction('now', now);
  return {
    cookies: { visitor, data, session },
    // Looked up for each request: tests replace the global one.
    now: now ?? (() => Date.now()),
    ipHeader: ipHeader?.toLowerCase(),
    identityFromLinks,
    keepsParameter: parametersToKeep(keepQuery),
    trusts: trustProxy === undefined ? undefined : toTrusts(trustProxy),
  };
}

/**
 * Finds at set-up what a caller without types can get wrong.
 * @throws {OursError} `invalid_option`
 */
export function checkAdapter(ours: unknown, options: AdapterOptions<never>, known: ReadonlySet<string>): void {
  const { visitor, flush } = (ours ?? {}) as { visitor?: unknown; flush?: unknown };
  if (typeof visitor !== 'function' || typeof flush !== 'function') {
    failOption(`the first argument must be the client that createClient() returns; got ${typeName(ours)}.`);
  }
  if (typeof options !== 'object' || options === null) {
    failOption(`options must be one object; got ${typeName(options)}.`);
  }
  checkOptionNames('the adapter', options, known);
  if (options.consent !== undefined) requireFunction('consent', options.consent);
  checkLogger(options.logger);
}
