import { fromBase64, toBase64Url } from './base64url.js';
import { failOption } from './check-option.js';
import { typeName } from './refusal.js';

/** A secret key: 32 random bytes, or their base64, base64url or hex string. Generate one with `openssl rand -base64 32`. */
export type SecretKey = string | Uint8Array;

/** A key as bytes. */
export type Secret = Uint8Array<ArrayBuffer>;

const KEY_BYTES = 32;
const SHAPE = `${KEY_BYTES} bytes, as bytes, base64 or hex`;
export const HOW_TO_MAKE = 'Make one with `openssl rand -base64 32`.';

/** About 30 of 32 random bytes differ. */
const MIN_DIFFERENT_BYTES = 8;
/** The longest repeating part to look for. */
const MAX_PERIOD = 8;
/** About 32 of 43 random base64 characters differ. Fewer than this occur once in 10^9 keys. */
const MIN_DIFFERENT_CHARACTERS = 19;
/** About 17 of 43 random base64 characters are lower-case. This many occur in 3 of 10^7 keys, and nearly always in words. */
const TOO_MANY_OF_ONE_CASE = 34;

/**
 * Reads a list of keys, in its order. A string that would have to be cut, padded or stretched is refused.
 *
 * @param name of the option, for messages. They never contain a key.
 * @throws {OursError} `invalid_option` for a missing or empty list or an invalid item, naming the item and the reason
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
  if (read.status === 'invalid') failOption(`${name} must be ${SHAPE}: ${read.reason}. ${HOW_TO_MAKE}`);
  return read.secret;
}

/** Whether bytes follow a pattern that random bytes never do: a short repeating part, equal steps, few values. */
export function isPattern(bytes: Uint8Array, minDifferent: number): boolean {
  if (new Set(bytes).size < minDifferent) return true;
  const step = bytes[1]! - bytes[0]!;
  if (bytes.every((byte, at) => at === 0 || ((byte - bytes[at - 1]!) & 0xff) === (step & 0xff))) return true;
  for (let period = 1; period <= Math.min(MAX_PERIOD, bytes.length / 2); period++) {
    if (bytes.every((byte, at) => byte === bytes[at % period])) return true;
  }
  return false;
}

type KeyReading =
  | { readonly status: 'valid'; readonly secret: Secret }
  | { readonly status: 'invalid'; readonly reason: string };

const invalid = (reason: string): KeyReading => ({ status: 'invalid', reason });

function fromBytes(bytes: unknown): KeyReading {
  if (bytes === undefined || bytes === null) return invalid('it is missing; is the environment variable set?');
  if (!(bytes instanceof Uint8Array)) return invalid(`it is ${typeName(bytes)}`);
  if (bytes.length !== KEY_BYTES) return invalid(`it has ${bytes.length} bytes`);
  if (isPattern(bytes, MIN_DIFFERENT_BYTES)) return invalid('its bytes follow a pattern and can be guessed');
  if (isWordsIn(bytes)) return invalid('its bytes are the characters of a text and not random');
  return { status: 'valid', secret: new Uint8Array(bytes) };
}

function fromText(text: string): KeyReading {
  if (text === '') return invalid('it is empty; is the environment variable set?');
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return fromBytes(Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)));
  }
  if (isList(text)) return invalid('it holds several keys; give each as an item of the list');
  if (/^(["'`]).*\1$/s.test(text)) return invalid('it has quotation marks around it');
  if (!/^[\w+/-]+=?$/.test(text)) return invalid('it has characters that are neither of base64 nor of hex');
  if (/[+/]/.test(text) && /[-_]/.test(text)) return invalid('it mixes the characters of base64 and base64url');
  const characters = text.replace('=', '');
  if (characters.length !== 43) {
    return invalid(`it has ${text.length} characters, where 32 bytes have 43 or 44 in base64 and 64 in hex`);
  }
  const bytes = fromBase64(characters);
  // The last character encodes four bits and two zeros.
  if (bytes === undefined || toBase64Url(bytes) !== characters.replaceAll('+', '-').replaceAll('/', '_')) {
    return invalid(
      'its last character is not one that 32 bytes end with: it was cut off, or is a text that is no base64',
    );
  }
  return isWords(characters)
    ? invalid('it is made of words or of few characters and can be guessed')
    : fromBytes(bytes);
}

/** Whether every part of a string is a key. */
function isList(text: string): boolean {
  const parts = text.split(/[\s,;:|]+/);
  return parts.length > 1 && parts.every((part) => fromText(part).status === 'valid');
}

/** Only printable characters, at least half of them letters. One in 10^13 random keys is like this. */
function isWordsIn(bytes: Uint8Array): boolean {
  const text = String.fromCharCode(...bytes);
  return /^[\x20-\x7e]+$/.test(text) && text.replace(/[^a-z]/gi, '').length >= KEY_BYTES / 2;
}

/** A pass phrase that is as long as a base64 key. */
function isWords(text: string): boolean {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return (
    new Set(text).size < MIN_DIFFERENT_CHARACTERS ||
    count(/[a-z]/g) >= TOO_MANY_OF_ONE_CASE ||
    count(/[A-Z]/g) >= TOO_MANY_OF_ONE_CASE
  );
}
