import { checkLogger, failOption, requireFunction } from '../check-option.js';
import type { Logger } from '../logger.js';
import { typeName } from '../protocol/refusal.js';
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
  /** Milliseconds since the epoch, by which is judged whether a browser's session has ended. @default Date.now */
  readonly now?: (() => number) | undefined;
}

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

// RFC 6265's tokens without '%', which the browser SDK would write otherwise than it stands here.
const COOKIE_NAME = /^[\w!#$&'*+.^`|~-]{1,256}$/;
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,256}$/;

/**
 * Fills gaps with what the browser SDK does.
 * @throws {OursError} `invalid_option`, naming the option and the fix
 */
export function resolveReading({ cookieNames = {}, trustProxy, ipHeader, now }: ReadingOptions): Reading {
  const { visitor = 'ours_device_id', data = '_cord_sdk_data', session = 'ours_sid' } = cookieNames;
  for (const [key, name] of Object.entries({ visitor, data, session })) {
    if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
      failOption(`cookieNames.${key} must be the name of a cookie: letters, digits and !#$&'*+-.^_\`|~ only.`);
    }
  }
  if (ipHeader !== undefined && (typeof ipHeader !== 'string' || !HEADER_NAME.test(ipHeader))) {
    failOption("ipHeader must be the name of a header, such as 'cf-connecting-ip'.");
  }
  if (now !== undefined) requireFunction('now', now);
  return {
    cookies: { visitor, data, session },
    // Looked up for each request: tests replace the global one.
    now: now ?? (() => Date.now()),
    ipHeader: ipHeader?.toLowerCase(),
    trusts: trustProxy === undefined ? undefined : toTrusts(trustProxy),
  };
}

/**
 * Finds at set-up what a caller without types can get wrong.
 * @throws {OursError} `invalid_option`
 */
export function checkAdapter(ours: unknown, options: AdapterOptions<never>): void {
  const { visitor, flush } = (ours ?? {}) as { visitor?: unknown; flush?: unknown };
  if (typeof visitor !== 'function' || typeof flush !== 'function') {
    failOption(`the first argument must be the client that createClient() returns; got ${typeName(ours)}.`);
  }
  if (typeof options !== 'object' || options === null) {
    failOption(`options must be one object; got ${typeName(options)}.`);
  }
  if (options.consent !== undefined) requireFunction('consent', options.consent);
  checkLogger(options.logger);
}
