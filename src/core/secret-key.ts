import { fromBase64, toBase64Url } from './base64url.js';
import { failOption } from './check-option.js';
import { typeName } from './refusal.js';

/** A secret key: 32 random bytes, or their base64, base64url or hex text. `openssl rand -base64 32` makes one. */
export type SecretKey = string | Uint8Array;

/** A key as bytes. */
export type Secret = Uint8Array<ArrayBuffer>;

const KEY_BYTES = 32;
const SHAPE = `${KEY_BYTES} bytes, as bytes, base64 or hex`;
/** Ends the messages about keys. */
export const HOW_TO_MAKE = 'Make one with `openssl rand -base64 32`.';

/** Of 32 random bytes, about 30 differ; so few never do. */
const MIN_DIFFERENT_BYTES = 8;
/** A part that repeats is looked for up to this length. */
const MAX_PERIOD = 8;
/** Of 43 random characters of base64, about 32 differ: fewer than this many once in 10^9 keys. */
const MIN_DIFFERENT_CHARACTERS = 19;
/** Of 43 random characters of base64, about 17 are small letters: this many in three of 10^7 keys, and nearly always in words. */
const TOO_MANY_OF_ONE_CASE = 34;

/**
 * Reads a list of keys, in its order. Nothing is guessed: a text that would have to be cut, filled up or stretched is refused.
 *
 * @param name of the option, for messages, which never repeat a key
 * @throws {OursError} `invalid_option` for no list, an empty one, or an item that is no key, saying which and why
 */
export function readSecretKeys(name: string, keys: readonly SecretKey[]): [Secret, ...Secret[]] {
  if (!Array.isArray(keys) || keys.length === 0) {
    const came = Array.isArray(keys) ? 'an empty list' : typeName(keys);
    failOption(`${name} must be a list with at least one key of ${SHAPE}; got ${came}. ${HOW_TO_MAKE}`);
  }
  return keys.map((key, place) => readSecretKey(`${name}[${place}]`, key)) as [Secret, ...Secret[]];
}

function readSecretKey(name: string, key: unknown): Secret {
  const read = typeof key === 'string' ? fromText(key.trim()) : fromBytes(key);
  if (typeof read === 'string') {
    failOption(`${name} must be ${SHAPE}: ${read}. ${HOW_TO_MAKE}`);
  }
  return read;
}

/** Whether bytes follow a pattern that nothing random follows: a short part that repeats, equal steps, few values. */
export function isPattern(bytes: Uint8Array, minDifferent: number): boolean {
  if (new Set(bytes).size < minDifferent) return true;
  const step = bytes[1]! - bytes[0]!;
  if (bytes.every((byte, at) => at === 0 || ((byte - bytes[at - 1]!) & 0xff) === (step & 0xff))) return true;
  for (let period = 1; period <= Math.min(MAX_PERIOD, bytes.length / 2); period++) {
    if (bytes.every((byte, at) => byte === bytes[at % period])) return true;
  }
  return false;
}

/** The key, or what is wrong with it. */
function fromBytes(bytes: unknown): Secret | string {
  if (bytes === undefined || bytes === null) return 'it is missing; is the environment variable set?';
  if (!(bytes instanceof Uint8Array)) return `it is ${typeName(bytes)}`;
  if (bytes.length !== KEY_BYTES) return `it has ${bytes.length} bytes`;
  if (isPattern(bytes, MIN_DIFFERENT_BYTES)) return 'its bytes follow a pattern and can be guessed';
  if (isWordsIn(bytes)) return 'its bytes are the characters of a text and not random';
  return new Uint8Array(bytes);
}

function fromText(text: string): Secret | string {
  if (text === '') return 'it is empty; is the environment variable set?';
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return fromBytes(Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  }
  if (isList(text)) return 'it holds several keys; give each as an item of the list';
  if (/^(["'`]).*\1$/s.test(text)) return 'it has quotation marks around it';
  if (!/^[\w+/-]+=?$/.test(text)) return 'it has characters that are neither of base64 nor of hex';
  if (/[+/]/.test(text) && /[-_]/.test(text)) return 'it mixes the characters of base64 and base64url';
  const characters = text.replace('=', '');
  if (characters.length !== 43) {
    return `it has ${text.length} characters, where 32 bytes have 43 or 44 in base64 and 64 in hex`;
  }
  const bytes = fromBase64(characters);
  // The last character stands for four bits and two that are zero.
  if (bytes === undefined || toBase64Url(bytes) !== characters.replaceAll('+', '-').replaceAll('/', '_')) {
    return 'its last character is not one that 32 bytes end with: it was cut off, or is a text that is no base64';
  }
  return isWords(characters) ? 'it is made of words or of few characters and can be guessed' : fromBytes(bytes);
}

/** Whether every part of a text would be a key. */
function isList(text: string): boolean {
  const parts = text.split(/[\s,;:|]+/);
  return parts.length > 1 && parts.every((part) => typeof fromText(part) !== 'string');
}

/** Printable characters alone, of which at least half are letters: of random keys one in 10^13 is like this. */
function isWordsIn(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes);
  return /^[\x20-\x7e]+$/.test(text) && text.replace(/[^a-z]/gi, '').length >= KEY_BYTES / 2;
}

/** A pass phrase that happens to be as long as base64 of a key. */
function isWords(text: string): boolean {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return (
    new Set(text).size < MIN_DIFFERENT_CHARACTERS ||
    count(/[a-z]/g) >= TOO_MANY_OF_ONE_CASE ||
    count(/[A-Z]/g) >= TOO_MANY_OF_ONE_CASE
  );
}
