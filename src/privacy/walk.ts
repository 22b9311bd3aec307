import type { GuardRefusal } from '../client/options.js';
import { shortName } from '../core/printable.js';
import { DEFAULT_BATCH_BYTES } from '../protocol/limits.js';
import { toText } from '../protocol/properties.js';
import { TOO_LARGE } from '../protocol/row-writer.js';
import { type PersonalKind, replacePersonal, withArticle } from './personal-values.js';
import { readShown } from './read-shown.js';

/** What to look for, and what to do about it. */
export interface WalkOptions {
  readonly passes: (name: string) => boolean;
  readonly search: (text: string) => PersonalKind | undefined;
  readonly found: 'refuse' | 'remove' | 'hash';
  /** SHA-256 in hexadecimal, for `hash`. */
  readonly sha256: ((text: string) => string) | undefined;
}

/** A map without what must not pass, or the refusal of the whole event. */
export type Walked = { readonly map: object } | GuardRefusal;

const REMOVED = Symbol('removed');

class Refused extends Error {}

/** No nested value that is longer is looked through. The client refuses such a value anyway, unless its `maxBatchBytes` has been raised. */
const MAX_LENGTH = DEFAULT_BATCH_BYTES;

/** Looks through event properties, nested ones included. */
export function createWalk({ passes, search, found, sha256 }: WalkOptions): (properties: object) => Walked {
  /** What becomes of a value with a problem. */
  function resolve(problem: string, hash: () => unknown): unknown {
    if (found === 'refuse') throw new Refused(`${problem}: leave it out, or set found to 'remove' or 'hash'.`);
    return found === 'hash' ? hash() : REMOVED;
  }

  function walkMap(map: Readonly<Record<string, unknown>>, path: string): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(map)) {
      const result = walkEntry(name, value, path);
      if (result !== REMOVED)
        Object.defineProperty(kept, name, { value: result, enumerable: true, writable: true, configurable: true });
    }
    return kept;
  }

  function walkEntry(name: string, value: unknown, path: string): unknown {
    const kind = search(name);
    // A name cannot be hashed without becoming another property.
    if (kind !== undefined) return resolve(`the name of a property looks like ${withArticle(kind)}`, () => REMOVED);
    const place = `${path}${shortName(name)}`;
    if (passes(name)) return walkValue(value, place);
    return resolve(`the property '${place}' is denied`, () => {
      const text = textOf(value, place);
      return text == null ? REMOVED : sha256!(text.trim().toLowerCase());
    });
  }

  function walkValue(value: unknown, place: string): unknown {
    if (typeof value === 'object' && value !== null) return walkNested(value, place);
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
    return typeof text === 'string' ? walkText(text, value, place) : value;
  }

  /** @param value what the text was made from, and what stays if nothing is found */
  function walkText(text: string, value: unknown, place: string): unknown {
    const kind = search(text);
    if (kind === undefined) return value;
    return resolve(`the property '${place}' looks like ${withArticle(kind)}`, () => replacePersonal(text, sha256!));
  }

  /** The value as it would be sent; the value itself where nothing had to change. */
  function walkNested(value: object, place: string): unknown {
    const json = textOf(value, place);
    if (json == null) return value;
    let plain: unknown;
    try {
      plain = JSON.parse(json);
    } catch {
      // A date, or whatever else turns itself into text.
      return walkText(json, value, place);
    }
    if (typeof plain !== 'object' || plain === null) return walkText(json, value, place);
    const walked = Array.isArray(plain)
      ? walkList(plain, place)
      : walkMap(plain as Record<string, unknown>, `${place}.`);
    return JSON.stringify(walked) === json ? value : walked;
  }

  function walkList(list: readonly unknown[], place: string): unknown[] {
    return list.map((value, index) => walkValue(value, `${place}.${index}`)).filter((value) => value !== REMOVED);
  }

  return (properties) => {
    const map = readShown(properties);
    if (map === undefined) return { map: properties };
    try {
      return { map: walkMap(map, '') };
    } catch (error) {
      if (error instanceof Refused) return { refused: error.message };
      throw error;
    }
  };
}

/** As it would be sent. */
function textOf(value: unknown, place: string): string | null | undefined {
  try {
    return toText(value, place, () => undefined, MAX_LENGTH);
  } catch (error) {
    if (error !== TOO_LARGE) throw error;
    throw new Refused(
      `the property '${place}' is too long to look through; the limit is ${MAX_LENGTH} characters. Send a reference instead of the content.`,
    );
  }
}
