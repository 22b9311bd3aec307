import { fromBase64, toBase64Url } from '../core/base64url.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { readSecretKeys, type Secret, type SecretKey } from '../core/secret-key.js';
import { fieldNames } from '../core/unknown-names.js';
import { checkSessionId, checkUserId, toSid } from '../protocol/identity.js';
import {
  isTokenVersion,
  readContent,
  type TokenContent,
  type TokenVersion,
  type TokenVisitor,
  writeContent,
} from './token-layout.js';

/** The visitor of a request: what an adapter hands you, or the cookies `ours_device_id` and `sid`. */
export interface SealableVisitor {
  readonly userId?: string | undefined;
  readonly sessionId?: string | undefined;
}

/** Why a token gives no visitor. */
export type NoVisitorReason =
  /** There is no token. */
  | 'missing'
  /** It is no token, or one of a version this package does not know. */
  | 'malformed'
  /** None of the keys opens it: it was changed, or sealed in another environment, or its key is gone. */
  | 'not_authentic'
  /** It is older than `maxAgeMs`. */
  | 'expired'
  /** It is authentic and says that the visitor was not known. */
  | 'nobody';

export type OpenedVisitor =
  | {
      readonly visitor: TokenVisitor;
      /** When it was sealed, in milliseconds since the epoch. */
      readonly issuedAt: number;
    }
  | { readonly visitor: null; readonly reason: NoVisitorReason };

/** Where tokens are valid. */
export interface TokenScope {
  /**
   * Which environment a token belongs to, such as `production`: 1–100 characters. It is bound to the token without making it
   * longer: the token opens in the same environment only, even where another one uses the same key. Give the same to what
   * seals and what opens.
   * @default none: the key alone decides
   */
  readonly environment?: string | undefined;
}

export interface SealOptions extends TokenScope {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface OpenOptions extends SealOptions {
  /**
   * The most a token may be old, in milliseconds.
   * @default no limit: a subscription's token is as old as the subscription. To end all tokens of a key, drop the key.
   */
  readonly maxAgeMs?: number | undefined;
  /**
   * How old a token may be, in milliseconds, and still name the session; an older one names the visitor alone.
   * @default 400 days: a first yearly renewal, with weeks of retries, still counts in the session of its purchase
   */
  readonly sessionMaxAgeMs?: number | undefined;
  /** Whether tokens without an environment open in every one: those sealed before `environment` was set. @default false */
  readonly acceptUnbound?: boolean | undefined;
}

/** An experiment's results cover a year at most, so an older session tells nothing of any. */
const SESSION_MAX_AGE_MS = 400 * 24 * 60 * 60_000;

const MAX_ENVIRONMENT_LENGTH = 100;

const OPEN_OPTIONS = fieldNames<OpenOptions>({
  maxAgeMs: 1,
  sessionMaxAgeMs: 1,
  environment: 1,
  acceptUnbound: 1,
  now: 1,
});

/** What Stripe takes as one metadata value, and more than any id of a real visitor needs. */
const MAX_TOKEN_LENGTH = 500;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals a visitor into a text that travels in a payment's metadata: 74 characters of base64url for the ids that the browser SDK
 * makes, up to 500 for others. Nobody without a key can read or make one.
 *
 * No visitor (`currentVisitor()` outside of a request), one without `userId`, or with ids that do not fit, is sealed as nobody: a
 * checkout must not fail for a strange cookie, and the payment is still known to be one to report.
 *
 * @throws {OursError} `invalid_option` when the keys or the environment are wrong
 */
export async function sealVisitor(
  visitor: SealableVisitor | undefined,
  keys: readonly SecretKey[],
  { environment, now = Date.now }: SealOptions = {},
): Promise<string> {
  const [first] = readSecretKeys('keys', keys);
  checkEnvironment(environment);
  const key = await importKey(first);
  const issuedAt = Math.floor(now() / 1000);
  const token = await seal(key, toTokenVisitor(visitor ?? {}), issuedAt, environment);
  return token.length <= MAX_TOKEN_LENGTH ? token : seal(key, undefined, issuedAt, environment);
}

/**
 * Opens what {@link sealVisitor} sealed with any of the keys. To rotate, put the new key first and keep the old one for as long
 * as its tokens may come back: for subscriptions that is as long as they last.
 *
 * @throws {OursError} `invalid_option` when the keys or an option are wrong; never for the token
 */
export async function openVisitor(
  token: string | null | undefined,
  keys: readonly SecretKey[],
  options: OpenOptions = {},
): Promise<OpenedVisitor> {
  checkOptionNames('openVisitor', options, OPEN_OPTIONS);
  const secrets = readSecretKeys('keys', keys);
  checkOpenOptions(options);
  const { environment, acceptUnbound = false, now = Date.now } = options;
  const { maxAgeMs = Number.POSITIVE_INFINITY, sessionMaxAgeMs = SESSION_MAX_AGE_MS } = options;
  if (token === undefined || token === null || token === '') return { visitor: null, reason: 'missing' };
  const sealed = toSealed(token);
  if (sealed === undefined) return { visitor: null, reason: 'malformed' };
  // The layout has no room for a key's name. An attempt costs about 0.1 ms, a longer token would not fit every provider.
  const environments = acceptUnbound && environment !== undefined ? [environment, undefined] : [environment];
  for (const secret of secrets) {
    const content = await open(secret, sealed, environments);
    if (content === undefined) continue;
    const { visitor } = content;
    const issuedAt = content.issuedAt * 1000;
    const ageMs = now() - issuedAt;
    if (ageMs > maxAgeMs) return { visitor: null, reason: 'expired' };
    if (visitor === undefined) return { visitor: null, reason: 'nobody' };
    return { visitor: ageMs > sessionMaxAgeMs ? { ...visitor, sessionId: undefined } : visitor, issuedAt };
  }
  return { visitor: null, reason: 'not_authentic' };
}

/** Whether a text has a token's layout. Only {@link openVisitor} tells whether it is authentic. */
export function isSealed(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && toSealed(text) !== undefined;
}

/** @throws {OursError} `invalid_option` */
export function checkOpenOptions({ environment, acceptUnbound, maxAgeMs, sessionMaxAgeMs }: OpenOptions): void {
  checkEnvironment(environment);
  checkAge('maxAgeMs', maxAgeMs);
  checkAge('sessionMaxAgeMs', sessionMaxAgeMs);
  if (acceptUnbound !== undefined && typeof acceptUnbound !== 'boolean') {
    failOption('acceptUnbound must be true or false.');
  }
}

function checkEnvironment(environment: string | undefined): void {
  if (environment === undefined) return;
  if (typeof environment === 'string' && environment !== '' && environment.length <= MAX_ENVIRONMENT_LENGTH) return;
  failOption(`environment must be a string of 1 to ${MAX_ENVIRONMENT_LENGTH} characters, such as production.`);
}

/** Nothing is older than `NaN`, so that a limit which is misspelt would be no limit. */
function checkAge(name: string, ageMs: number | undefined): void {
  if (ageMs === undefined || (typeof ageMs === 'number' && ageMs >= 0)) return;
  failOption(`${name} must be a number of milliseconds from 0.`);
}

/** A token in its parts: version (1 byte), nonce (12), ciphertext with its tag (16). */
interface Sealed {
  readonly version: TokenVersion;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

async function seal(
  key: CryptoKey,
  visitor: TokenVisitor | undefined,
  issuedAt: number,
  environment: string | undefined,
): Promise<string> {
  const { version, bytes } = writeContent({ visitor, issuedAt });
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(toAlgorithm(version, nonce, environment), key, bytes));
  const token = new Uint8Array(1 + NONCE_BYTES + ciphertext.length);
  token[0] = version;
  token.set(nonce, 1);
  token.set(ciphertext, 1 + NONCE_BYTES);
  return toBase64Url(token);
}

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function importKey(secret: Secret): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** What the token holds, if the key has sealed it in one of the environments. */
async function open(
  secret: Secret,
  { version, nonce, ciphertext }: Sealed,
  environments: readonly (string | undefined)[],
): Promise<TokenContent | undefined> {
  const key = await importKey(secret);
  for (const environment of environments) {
    const algorithm = toAlgorithm(version, nonce, environment);
    const bytes = await crypto.subtle.decrypt(algorithm, key, ciphertext).catch(() => undefined);
    if (bytes !== undefined) return readContent(version, new Uint8Array(bytes));
  }
  return undefined;
}

/** The version is authenticated too, and a token is nothing else that the same key may have sealed. */
function toAlgorithm(version: TokenVersion, iv: Uint8Array<ArrayBuffer>, environment: string | undefined) {
  const scope = environment === undefined ? '' : ` of ${environment}`;
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`ours-ingest visitor ${version}${scope}`) };
}

function toSealed(token: string): Sealed | undefined {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return undefined;
  const bytes = fromBase64(token);
  // Base64 has several spellings of the same bytes; a token has one, so that every changed character is noticed.
  if (bytes === undefined || toBase64Url(bytes) !== token) return undefined;
  const version = bytes[0];
  if (!isTokenVersion(version) || bytes.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
  return {
    version,
    nonce: new Uint8Array(bytes.subarray(1, 1 + NONCE_BYTES)),
    ciphertext: new Uint8Array(bytes.subarray(1 + NONCE_BYTES)),
  };
}

function toTokenVisitor({ userId, sessionId }: SealableVisitor): TokenVisitor | undefined {
  // Sealed as they are, ids that the client refuses would cost the payment's event.
  if (userId === undefined || checkUserId(userId) !== undefined) return undefined;
  return { userId, sessionId: checkSessionId(sessionId) === undefined ? toSid(sessionId) : undefined };
}
