import { checkOptionNames, failOption } from '../../core/check-option.js';
import { readSecretKeys, type SecretKey } from '../../core/secret-key.js';
import { fieldNames } from '../../core/unknown-names.js';
import { importTokenKey, open, parseToken, type TokenKey } from './cipher.js';
import type { TokenVisitor } from './layout.js';
import { checkEnvironment, type TokenScope } from './seal-visitor.js';

/** Why a token gives no visitor. */
export type NoVisitorReason =
  /** There is no token. */
  | 'missing'
  /** It is not a token, or of a version that this package does not know. */
  | 'malformed'
  /** No key opens it: it was changed, sealed in another environment, or its key was removed. */
  | 'not_authentic'
  /** It is older than `maxAgeMs`. */
  | 'expired'
  /** It is authentic, but the visitor was unknown when it was sealed. */
  | 'nobody';

export type OpenedVisitor =
  | {
      readonly visitor: TokenVisitor;
      /** When it was sealed, in milliseconds since the epoch. */
      readonly issuedAt: number;
    }
  | { readonly visitor: null; readonly reason: NoVisitorReason };

export interface OpenOptions extends TokenScope {
  /**
   * The maximum age of a token, in milliseconds.
   * @default no limit: a subscription's token is as old as the subscription. To invalidate all tokens of a key, remove the key.
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * Up to which age, in milliseconds, a token gives the session; an older one gives only the visitor.
   * @default 400 days: a first yearly renewal, with weeks of retries, still counts in the session of its purchase
   */
  readonly sessionMaxAgeMs?: number | undefined;
  /** Whether tokens without an environment, sealed before `environment` was set, open in any. @default false */
  readonly acceptUnbound?: boolean | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * A token gives the consent for as long as a checkout lasts. Each event with a consent replaces the stored one: that of a renewal
 * would undo what the visitor has decided since.
 */
const CONSENT_MAX_AGE_MS = 24 * 60 * 60_000;
/** An experiment's results cover at most a year, so an older session matters to none. */
const SESSION_MAX_AGE_MS = 400 * 24 * 60 * 60_000;

const OPEN_OPTIONS = fieldNames<OpenOptions>({
  maxAgeMs: 1,
  sessionMaxAgeMs: 1,
  environment: 1,
  acceptUnbound: 1,
  now: 1,
});

/** Opens visitor tokens. Never rejects because of the token. */
export type VisitorOpener = (token: string | null | undefined) => Promise<OpenedVisitor>;

/**
 * Opens a token of {@link sealVisitor} with any of the keys. To rotate, add the new key first in the list and keep the old one
 * for as long as its tokens may return: for subscriptions, as long as they run.
 *
 * @throws {OursError} `invalid_option` if the keys or an option are invalid; never for the token
 */
export async function openVisitor(
  token: string | null | undefined,
  keys: readonly SecretKey[],
  options?: OpenOptions,
): Promise<OpenedVisitor> {
  checkOptionNames('openVisitor', options, OPEN_OPTIONS);
  return createVisitorOpener(keys, options ?? {})(token);
}

/**
 * {@link openVisitor} for many tokens: keys and options are checked and parsed once.
 * @throws {OursError} `invalid_option`
 */
export function createVisitorOpener(keys: readonly SecretKey[], options: OpenOptions): VisitorOpener {
  const secrets = readSecretKeys('keys', keys);
  checkOpenOptions(options);
  const { environment, acceptUnbound = false, now = Date.now } = options;
  const { maxAgeMs = Number.POSITIVE_INFINITY, sessionMaxAgeMs = SESSION_MAX_AGE_MS } = options;
  const environments = acceptUnbound && environment !== undefined ? [environment, undefined] : [environment];
  // Imported keys, not their promises: on Workers a promise belongs to the request that created it.
  const imported: TokenKey[] = [];

  return async (token) => {
    if (token === undefined || token === null || token === '') return { visitor: null, reason: 'missing' };
    const sealed = parseToken(token);
    if (sealed === undefined) return { visitor: null, reason: 'malformed' };
    // A token does not name its key: that would make it too long for some providers. An attempt costs about 0.1 ms.
    for (const [place, secret] of secrets.entries()) {
      const key = imported[place] ?? (await importTokenKey(secret));
      imported[place] = key;
      for (const each of environments) {
        const content = await open(key, sealed, each);
        if (content === undefined) continue;
        const { visitor } = content;
        const issuedAt = content.issuedAt * 1000;
        const ageMs = now() - issuedAt;
        if (ageMs > maxAgeMs) return { visitor: null, reason: 'expired' };
        if (visitor === undefined) return { visitor: null, reason: 'nobody' };
        return {
          visitor: {
            ...visitor,
            ...(ageMs > sessionMaxAgeMs && { sessionId: undefined }),
            ...(ageMs > CONSENT_MAX_AGE_MS && { consent: undefined }),
          },
          issuedAt,
        };
      }
    }
    return { visitor: null, reason: 'not_authentic' };
  };
}

function checkOpenOptions({ environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs }: OpenOptions): void {
  checkEnvironment(environment);
  checkAge('maxAgeMs', maxAgeMs);
  checkAge('sessionMaxAgeMs', sessionMaxAgeMs);
  if (acceptUnbound !== undefined && typeof acceptUnbound !== 'boolean') {
    failOption('acceptUnbound must be true or false.');
  }
}

/** Nothing is older than `NaN`: a mistyped limit would be no limit. */
function checkAge(name: string, ageMs: number | undefined): void {
  if (ageMs === undefined || (typeof ageMs === 'number' && ageMs >= 0)) return;
  failOption(`${name} must be a number of milliseconds from 0.`);
}
