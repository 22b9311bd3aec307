import { checkLogger, checkOptionNames, failOption, requireFunction } from '../core/check-option.js';
import type { Logger } from '../core/logger.js';
import { typeName } from '../core/refusal.js';
import { fieldNames } from '../core/unknown-names.js';
import type { Consent } from '../protocol/event.js';
import type { TrustProxy } from './trusted-proxies.js';

/** How the visitor of a request is read. */
export interface ReadingOptions {
  /** The cookies' names, if the site has changed them. */
  readonly cookieNames?: CookieNames | undefined;
  /**
   * Which proxies may set `X-Forwarded-For`, `-Proto` and `-Host`; anyone can send these headers. Either a list of the proxies'
   * addresses and ranges, or their number if clients cannot bypass them.
   *
   * The visitor's address is the nearest one that is not a trusted proxy. If there is none (`X-Forwarded-For` is missing, or the
   * request comes from a listed address), the address is unknown, never the proxy's. `Forwarded` (RFC 7239) is not read.
   * @default no proxy is trusted
   */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * The header in which the platform passes the visitor's address, such as `cf-connecting-ip`. Set it only if every request comes
   * through that platform. Without the header the address is unknown, never the platform's.
   * @default none
   */
  readonly ipHeader?: string | undefined;
  /**
   * Whether `?ours_visitor_id=` (`ours_user_id`) and `?ours_session_id=` in a request's address identify the visitor. Anyone can
   * send a visitor such a link.
   *
   * - `never`: only the cookies count.
   * - `new-visitors`: the link counts if the browser has no visitor cookie, or one with the same id: the first page after a
   *   hand-over from another of your sites.
   * - `always`: the link wins over the cookies, as in the browser SDK.
   *
   * Personal data (`identify`, and events with `externalId`, `email` or `userProperties`) is never sent under an id from a link.
   * @default 'never'
   */
  readonly identityFromLinks?: IdentityFromLinks | undefined;
  /**
   * Query parameters to keep in the addresses of events and assignments, in addition to campaigns and click ids (`utm_*`, `gclid`
   * …). Others may hold private data. List those that your experiments target; `'*'` keeps all.
   * @default none
   */
  readonly keepQuery?: readonly string[] | undefined;
  /** Milliseconds since the epoch, to decide whether a browser's session has ended. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** When a link identifies the visitor. */
export type IdentityFromLinks = 'never' | 'new-visitors' | 'always';

/** The browser SDK's cookies, as in its option `cookie_names`. */
export interface CookieNames {
  /** The visitor's id: `device_id` in the SDK's option. @default 'ours_device_id' */
  readonly visitor?: string | undefined;
  /** JSON with the session under `sid`: `sdk_data` in the SDK's option. @default '_cord_sdk_data' */
  readonly data?: string | undefined;
  /** The session, set by older SDKs. @default 'ours_sid' */
  readonly session?: string | undefined;
}

/** The options of every adapter. */
export interface AdapterOptions<Request> {
  /**
   * Whether the visitor has given consent, or for what: purposes such as `{ analytics: true, marketing: false }` are sent with every
   * event and sealed into visitor tokens. Called when a request's visitor is first used, before anything is read. Unless it returns
   * `true`, or at least one purpose that is not refused, the visitor has neither identity nor address, and its events are rejected.
   * Words such as `denied`, `false` and `no` are refusals, and `necessary`, `essential` or `security_storage` alone is no consent.
   * @default every visitor has given consent
   */
  readonly consent?: ((request: Request) => boolean | Consent) | undefined;
  /** Receives warnings. @default the console */
  readonly logger?: Logger | undefined;
}

/** The options of an adapter for HTTP requests. */
export interface VisitorOptions<Request> extends ReadingOptions, AdapterOptions<Request> {}

export const ADAPTER_OPTIONS: ReadonlySet<string> = fieldNames<AdapterOptions<never>>({ consent: 1, logger: 1 });
const READING_OPTIONS = fieldNames<ReadingOptions>({
  cookieNames: 1,
  trustProxy: 1,
  ipHeader: 1,
  identityFromLinks: 1,
  keepQuery: 1,
  now: 1,
});
export const VISITOR_OPTIONS: ReadonlySet<string> = new Set([...READING_OPTIONS, ...ADAPTER_OPTIONS]);

/**
 * Finds mistakes of callers without types at set-up.
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
