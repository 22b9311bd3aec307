import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { readSecretKeys, type Secret, type SecretKey } from '../../core/secret-key.js';
import type { KeyUsage } from './key-usage.js';

/** What every sealed text begins with. */
export const SEALED_PREFIX = 'sealed:1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A text was sealed with a key that is not among the given ones. */
export class UnknownKeyError extends Error {
  override readonly name = 'UnknownKeyError';
}

interface Key {
  /** Names the key in what it seals; tells nothing about it. */
  readonly id: string;
  readonly secret: Secret;
  /** For fingerprints; another key than the one that seals. */
  readonly fingerprintSecret: Uint8Array;
}

/**
 * Seals texts with AES-256-GCM. The first key seals, all of them open: to rotate, put the new key first and drop the old one
 * when nothing is left that it sealed.
 */
export class Sealer {
  readonly #keys: readonly Key[];
  readonly #usage: KeyUsage;

  /** @throws {OursError} `invalid_option` for no key, or one that is none */
  constructor(keys: readonly SecretKey[], usage: KeyUsage) {
    this.#usage = usage;
    this.#keys = readSecretKeys('sealingKeys', keys).map(toKey);
  }

  /** Seals `text` so that it opens only together with `context`. */
  seal(text: string, context: string): string {
    const { id, secret } = this.#keys[0]!;
    this.#usage.add(id);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${SEALED_PREFIX}${id}:${sealed.toString('base64')}`;
  }

  /**
   * @throws {UnknownKeyError} when none of the keys sealed it
   * @throws {Error} when it was changed, or belongs to another context
   */
  open(text: string, context: string): string {
    const id = keyIdOf(text);
    const key = this.#keys.find((one) => one.id === id);
    if (key === undefined) throw unknownKey(text);
    const sealed = Buffer.from(text.slice(SEALED_PREFIX.length + id.length + 1), 'base64');
    if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('it is cut short');
    const decipher = createDecipheriv('aes-256-gcm', key.secret, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    return Buffer.concat([opened, decipher.final()]).toString();
  }

  /** What should be said of the use of the keys; each thing once. */
  takeNotice(): string | undefined {
    return this.#usage.takeNotice();
  }

  /** What `text` is known by without being told: one for each key, so that old and new entries still meet after a rotation. */
  fingerprints(text: string): string[] {
    return this.#keys.map(({ fingerprintSecret }) =>
      createHmac('sha256', fingerprintSecret).update(text).digest('base64url'),
    );
  }
}

export function isSealed(text: string): boolean {
  return text.startsWith(SEALED_PREFIX);
}

/** The error for a sealed text where there is no key at all, or not the right one. */
export function unknownKey(text: string): UnknownKeyError {
  return new UnknownKeyError(`it is sealed with key ${keyIdOf(text)}, which is not among sealingKeys`);
}

/** @throws {Error} when the text is not as it was sealed */
function keyIdOf(text: string): string {
  const id = text.slice(SEALED_PREFIX.length).split(':', 1)[0]!;
  if (!/^[0-9a-f]{8}$/.test(id)) throw new Error('it is cut short');
  return id;
}

function toKey(secret: Secret): Key {
  const id = createHash('sha256').update('ours-ingest key id').update(secret).digest('hex').slice(0, 8);
  const fingerprintSecret = createHmac('sha256', secret).update('ours-ingest fingerprint').digest();
  return { id, secret, fingerprintSecret };
}
