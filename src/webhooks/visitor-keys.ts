import { OursError } from '../errors.js';
import { fromBase64 } from '../protocol/base64url.js';

/** A key for AES-256-GCM: 32 bytes, or their base64, base64url or hex text. `openssl rand -base64 32` makes one. */
export type VisitorKey = string | Uint8Array;

type Secret = Uint8Array<ArrayBuffer>;
type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const KEY_BYTES = 32;

/**
 * The keys as bytes, the one that seals first.
 * @throws {OursError} `invalid_option` for no key, or one that is not 32 bytes
 */
export function toSecrets(keys: readonly VisitorKey[]): [Secret, ...Secret[]] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new OursError(
      'invalid_option',
      'keys must be a list with at least one key of 32 bytes: [process.env.VISITOR_KEY]. Make one with `openssl rand -base64 32`.',
    );
  }
  return keys.map(toSecret) as [Secret, ...Secret[]];
}

export function importKey(secret: Secret): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

function toSecret(key: VisitorKey, place: number): Secret {
  const bytes = typeof key === 'string' ? fromText(key.trim()) : key;
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES) {
    const came = key === undefined ? 'nothing: is the environment variable set?' : 'something else.';
    // Never the value.
    throw new OursError(
      'invalid_option',
      `keys[${place}] must be 32 bytes, as bytes, base64 or hex (\`openssl rand -base64 32\` makes some); got ${came}`,
    );
  }
  return new Uint8Array(bytes);
}

function fromText(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{64}$/i.test(text)) return fromBase64(text);
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
