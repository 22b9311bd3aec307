import { fromBase64, toBase64Url } from '../../core/base64url.js';
import type { Secret } from '../../core/secret-key.js';
import { isTokenVersion, readContent, type TokenContent, type TokenVersion, writeContent } from './layout.js';

/** The limit of a Stripe metadata value, and more than any real visitor's ids need. */
export const MAX_TOKEN_LENGTH = 500;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The parts of a token: version (1 byte), nonce (12), ciphertext with its tag (16). */
export interface SealedToken {
  readonly version: TokenVersion;
  readonly nonce: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

export type TokenKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export function importTokenKey(secret: Secret): Promise<TokenKey> {
  return crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

export async function seal(key: TokenKey, content: TokenContent, environment: string | undefined): Promise<string> {
  const { version, bytes } = writeContent(content);
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(toAlgorithm(version, nonce, environment), key, bytes));
  const token = new Uint8Array(1 + NONCE_BYTES + ciphertext.length);
  token[0] = version;
  token.set(nonce, 1);
  token.set(ciphertext, 1 + NONCE_BYTES);
  return toBase64Url(token);
}

/** The token's content, if the key sealed it in this environment. */
export async function open(
  key: TokenKey,
  { version, nonce, ciphertext }: SealedToken,
  environment: string | undefined,
): Promise<TokenContent | undefined> {
  const algorithm = toAlgorithm(version, nonce, environment);
  const bytes = await crypto.subtle.decrypt(algorithm, key, ciphertext).catch(() => undefined);
  return bytes && readContent(version, new Uint8Array(bytes));
}

/** The additional data authenticates the version too, and separates tokens from other uses of the key. */
function toAlgorithm(version: TokenVersion, iv: Uint8Array<ArrayBuffer>, environment: string | undefined) {
  const scope = environment === undefined ? '' : ` of ${environment}`;
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`ours-ingest visitor ${version}${scope}`) };
}

export function parseToken(token: string): SealedToken | undefined {
  if (typeof token !== 'string' || token.length > MAX_TOKEN_LENGTH) return undefined;
  const bytes = fromBase64(token);
  // Base64 has several spellings of the same bytes. A token has only one, so that any changed character invalidates it.
  if (bytes === undefined || toBase64Url(bytes) !== token) return undefined;
  const version = bytes[0];
  if (!isTokenVersion(version) || bytes.length < 1 + NONCE_BYTES + TAG_BYTES) return undefined;
  return {
    version,
    nonce: new Uint8Array(bytes.subarray(1, 1 + NONCE_BYTES)),
    ciphertext: new Uint8Array(bytes.subarray(1 + NONCE_BYTES)),
  };
}

/** Whether a string has a token's layout. Only opening it tells whether it is authentic. */
export function isSealed(text: string | null | undefined): text is string {
  return text !== undefined && text !== null && parseToken(text) !== undefined;
}
