import { checkOptionNames, failOption } from '../../core/check-option.js';
import { typeName } from '../../core/refusal.js';
import { readSecretKeys, type SecretKey } from '../../core/secret-key.js';
import { fieldNames } from '../../core/unknown-names.js';
import { isPromise } from '../../core/user-call.js';
import { type Consent, isConsent } from '../../protocol/event.js';
import { checkSessionId, checkUserId, toSid } from '../../protocol/identity.js';
import { importTokenKey, MAX_TOKEN_LENGTH, seal } from './cipher.js';
import type { TokenVisitor } from './layout.js';

/** The visitor of a request: from an adapter, or the cookies `ours_device_id` and `sid`. */
export interface SealableVisitor {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
  /** What the visitor has agreed to; the payment's event carries it. */
  readonly consent?: Consent | undefined;
  /** Whether the id comes from a link. Then the payment's event has it only if it has no personal data. @default false */
  readonly isFromLink?: boolean | undefined;
}

/** Where tokens are valid. */
export interface TokenScope {
  /**
   * The environment of a token, such as `production`: 1–100 characters. A token opens only in its own environment, even if others
   * use the same key. It does not make the token longer. Pass the same value for sealing and opening.
   * @default none: only the key decides
   */
  readonly environment?: string | undefined;
}

export interface SealOptions extends TokenScope {
  /**
   * The limit of the field that takes the token, in characters: 74 to 500. If the visitor's consent does not fit, it is left out; if
   * the ids do not fit either, so is the visitor.
   * @default 500, the limit of a Stripe metadata value
   */
  readonly maxLength?: number | undefined;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const SEAL_OPTIONS = fieldNames<SealOptions>({ environment: 1, maxLength: 1, now: 1 });
const MAX_ENVIRONMENT_LENGTH = 100;
/** The length of a token for the browser SDK's ids, or without a visitor. */
const MIN_LENGTH = 74;

/**
 * Seals a visitor into a string for a payment's metadata: 74 characters of base64url for the browser SDK's ids, more with a
 * consent or with other ids, up to 500. Without a key it can be neither read nor forged.
 *
 * If there is no visitor (`currentVisitor()` outside a request), or its ids are missing or invalid, the token holds no visitor: a
 * checkout must not fail because of a strange cookie, and the token still marks the payment as one to report.
 *
 * @throws {OursError} `invalid_option` if the keys or an option are invalid, or the visitor is no object
 */
export async function sealVisitor(
  visitor: SealableVisitor | undefined,
  keys: readonly SecretKey[],
  options?: SealOptions,
): Promise<string> {
  checkVisitor(visitor);
  checkOptionNames('sealVisitor', options ?? {}, SEAL_OPTIONS);
  const { environment, maxLength = MAX_TOKEN_LENGTH, now = Date.now } = options ?? {};
  const [first] = readSecretKeys('keys', keys);
  checkEnvironment(environment);
  checkMaxLength(maxLength);
  const key = await importTokenKey(first);
  const issuedAt = Math.floor(now() / 1000);
  const known = toTokenVisitor(visitor ?? {});
  // If the token would be too long: rather no consent than no visitor.
  for (const content of [known, known && { ...known, consent: undefined }]) {
    const token = await seal(key, { visitor: content, issuedAt }, environment);
    if (token.length <= maxLength) return token;
  }
  return seal(key, { visitor: undefined, issuedAt }, environment);
}

/**
 * A strange cookie must not fail a checkout, but a promise or a bare id is a mistake in the code: every purchase would be reported
 * without its visitor.
 * @throws {OursError} `invalid_option`
 */
function checkVisitor(visitor: unknown): void {
  if (visitor === undefined || visitor === null || (typeof visitor === 'object' && !isPromise(visitor))) return;
  failOption(`the visitor must be an object such as { userId, sessionId }; got ${typeName(visitor)}.`);
}

/** @throws {OursError} `invalid_option` */
export function checkEnvironment(environment: string | undefined): void {
  if (environment === undefined) return;
  if (typeof environment === 'string' && environment !== '' && environment.length <= MAX_ENVIRONMENT_LENGTH) return;
  failOption(`environment must be a string of 1 to ${MAX_ENVIRONMENT_LENGTH} characters, such as production.`);
}

function checkMaxLength(maxLength: number): void {
  if (Number.isInteger(maxLength) && maxLength >= MIN_LENGTH && maxLength <= MAX_TOKEN_LENGTH) return;
  failOption(`maxLength must be an integer from ${MIN_LENGTH} to ${MAX_TOKEN_LENGTH}.`);
}

/** Without ids that the client would reject: they would cost the payment its event. */
function toTokenVisitor({ userId, sessionId, consent, isFromLink }: SealableVisitor): TokenVisitor | undefined {
  if (userId === undefined || checkUserId(userId) !== undefined) return undefined;
  return {
    userId,
    sessionId: checkSessionId(sessionId) === undefined ? toSid(sessionId) : undefined,
    // The link, and with it the consent, may be another person's.
    consent: !isFromLink && isConsent(consent) ? consent : undefined,
    ...(isFromLink === true && { isFromLink }),
  };
}
