import { OursError } from '../errors.js';
import { fromBase64, toBase64Url } from '../protocol/base64url.js';
import { toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import { readSecretKeys, type Secret, type SecretKey } from '../secret-key.js';
import { isTokenVersion, readContent, type TokenVersion, type TokenVisitor, writeContent } from './token-layout.js';

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

export interface SealOptions {
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: (() => number) | undefined;
}

export interface OpenOptions extends SealOptions {
  /**
   * The most a token may be old, in milliseconds.
   * @default no limit: a subscription's token is as old as the subscription. To end all tokens of a key, drop the key.
   */
  readonly maxAgeMs?: number | undefined;
}

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
 * @throws {OursError} `invalid_option` when the keys are wrong
 */
export async function sealVisitor(
  visitor: SealableVisitor | undefined,
  keys: readonly SecretKey[],
  { now = Date.now }: SealOptions = {},
): Promise<string> {
  const [first] = readSecretKeys('keys', keys);
  const key = await importKey(first);
  const issuedAt = Math.floor(now() / 1000);
  const token = await seal(key, toTokenVisitor(visitor ?? {}), issuedAt);
  return token.length <= MAX_TOKEN_LENGTH ? token : seal(key, undefined, issuedAt);
}

/**
 * Opens what {@link sealVisitor} sealed with any of the keys. To rotate, put the new key first and keep the old one for as long
 * as its tokens may come back: for subscriptions that is as long as they last.
 *
 * @throws {OursError} `invalid_option` when the keys or `maxAgeMs` are wrong; never for the token
 */
export async function openVisitor(
  token: string | null | undefined,
  keys: readonly SecretKey[],
  { maxAgeMs = Number.POSITIVE_INFINITY, now = Date.now }: OpenOptions = {},
): Promise<OpenedVisitor> {
  const secrets = readSecretKeys('keys', keys);
  checkMaxAge(maxAgeMs);
  if (token === undefined || token === null || token === '') return { visitor: null, reason: 'missing' };
  const sealed = toSealed(token);
  if (sealed === undefined) return { visitor: null, reason: 'malformed' };
  // The layout has no room for a key's name. An attempt costs about 0.1 ms, a longer token would not fit every provider.
  for (const secret of secrets) {
    const content = await open(secret, sealed);
    if (content === undefined) continue;
    const issuedAt = content.issuedAt * 1000;
    if (now() - issuedAt > maxAgeMs) return { visitor: null, reason: 'expired' };
    return content.visitor === undefined ? { visitor: null, reason: 'nobody' } : { visitor: content.visitor, issuedAt };
  }
  return { visitor: null, reason: 'not_authentic' };
}

/** Whether a text has a token's layout. Only {@link openVisitor} tells whether it is authentic. */
export function isSealed(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && toSealed(text) !== undefined;
}

/**
 * Nothing is older than `NaN`, so that a limit which is misspelt would be no limit.
 * @throws {OursError} `invalid_option`
 */
export function checkMaxAge(maxAgeMs: number): void {
  if (typeof maxAgeMs === 'number' && maxAgeMs >= 0) return;
  throw new OursError('invalid_option', 'maxAgeMs must be a number of milliseconds from 0.');
}

/** A token in its parts: version (1 byte), nonce (12), ciphertext with its tag (16). */
interface Sealed {
  readonly version: TokenVersion;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

async function seal(key: CryptoKey, visitor: TokenVisitor | undefined, issuedAt: number): Promise<string> {
  const { version, bytes } = writeContent({ visitor, issuedAt });
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(toAlgorithm(version, nonce), key, bytes));
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

async function open(secret: Secret, { version, nonce, ciphertext }: Sealed) {
  const key = await importKey(secret);
  try {
    return readContent(
      version,
      new Uint8Array(await crypto.subtle.decrypt(toAlgorithm(version, nonce), key, ciphertext)),
    );
  } catch {
    return undefined;
  }
}

/** The version is authenticated too, and a token is nothing else that the same key may have sealed. */
function toAlgorithm(version: TokenVersion, iv: Uint8Array<ArrayBuffer>) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`ours-ingest visitor ${version}`) };
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
  if (typeof userId !== 'string' || userId === '' || userId.length > MAX_ID_LENGTH) return undefined;
  return { userId, sessionId: toSid(sessionId) };
}
