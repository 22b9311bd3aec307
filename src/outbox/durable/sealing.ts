import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { readSecretKeys, type Secret, type SecretKey } from '../../core/secret-key.js';
import type { KeyUsage } from './key-usage.js';
import { damaged, type Unreadable } from './unreadable.js';

/** The prefix of every sealed string. */
export const SEALED_PREFIX = 'sealed:1:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface Key {
  /** Names the key in what it seals, and reveals nothing about it. */
  readonly id: string;
  readonly secret: Secret;
  /** For fingerprints; derived from the sealing key. */
  readonly fingerprintSecret: Uint8Array;
}

/**
 * Seals strings with AES-256-GCM. The first key seals, all keys open: to rotate, put the new key first and remove the old one
 * once nothing it sealed is left.
 */
export class Sealer {
  readonly #keys: readonly Key[];
  readonly #usage: KeyUsage;

  /** @throws {OursError} `invalid_option` for an empty list or an invalid key */
  constructor(keys: readonly SecretKey[], usage: KeyUsage) {
    this.#usage = usage;
    this.#keys = readSecretKeys('sealingKeys', keys).map(toKey);
  }

  /** Seals `text` so that it opens only with the same `context`. */
  seal(text: string, context: string): string {
    const { id, secret } = this.#keys[0]!;
    this.#usage.add(id);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(Buffer.from(context));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${SEALED_PREFIX}${id}:${sealed.toString('base64')}`;
  }

  open(text: string, context: string): string | Unreadable {
    const id = keyIdOf(text);
    const key = this.#keys.find((one) => one.id === id);
    if (key === undefined) return noKeyFor(text);
    const sealed = Buffer.from(text.slice(SEALED_PREFIX.length + key.id.length + 1), 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key.secret, sealed.subarray(0, NONCE_BYTES))
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(-TAG_BYTES));
      const opened = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([opened, decipher.final()]).toString();
    } catch {
      return CHANGED;
    }
  }

  /** A warning about the use of the keys, once. */
  takeNotice(): string | undefined {
    return this.#usage.takeNotice();
  }

  /** Keyed hashes of `text`, one for each key, so that old and new entries still match after a rotation. */
  fingerprints(text: string): string[] {
    return this.#keys.map(({ fingerprintSecret }) =>
      createHmac('sha256', fingerprintSecret).update(text).digest('base64url'),
    );
  }
}

const CHANGED = damaged('it was changed after it was sealed');

export function isSealed(text: string): boolean {
  return text.startsWith(SEALED_PREFIX);
}

/** Why a sealed string does not open without its key. */
export function noKeyFor(text: string): Unreadable {
  const id = keyIdOf(text);
  if (id === undefined) return CHANGED;
  return { why: 'no_key', message: `it is sealed with key ${id}, which is not among sealingKeys` };
}

/** `undefined` if the string was cut or changed. */
function keyIdOf(text: string): string | undefined {
  const id = text.slice(SEALED_PREFIX.length).split(':', 1)[0]!;
  return /^[0-9a-f]{8}$/.test(id) ? id : undefined;
}

function toKey(secret: Secret): Key {
  const id = createHash('sha256').update('ours-ingest key id').update(secret).digest('hex').slice(0, 8);
  const fingerprintSecret = createHmac('sha256', secret).update('ours-ingest fingerprint').digest();
  return { id, secret, fingerprintSecret };
}
