import type { GuardRefusal } from '../client/options.js';
import { shortName } from '../core/printable.js';
import { toText } from '../protocol/properties.js';
import { type PersonalKind, replacePersonal, withArticle } from './personal-values.js';
import { MAX_LENGTH, readAsSent, type SentEntry } from './read-as-sent.js';

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
/** The service stores strings, so many programs serialise a nested value themselves: it is sent as the same text. */
const MAY_BE_JSON = /^\s*[[{]/;

class Refused extends Error {}

/**
 * Looks through event properties, nested ones included. The returned function throws TOO_LARGE for properties that are too long to
 * look through, and what reading a property throws.
 */
export function createWalk({ passes, search, found, sha256 }: WalkOptions): (properties: object) => Walked {
  /** What becomes of a value with a problem. */
  function resolve(problem: string, hash: () => unknown): unknown {
    if (found === 'refuse') throw new Refused(`${problem}: leave it out, or set found to 'remove' or 'hash'.`);
    return found === 'hash' ? hash() : REMOVED;
  }

  function walkMap(entries: readonly SentEntry[]): Record<string, unknown> {
    const kept: Record<string, unknown> = {};
    for (const { name, value, text } of entries) {
      const textOf = () => text;
      const walked = walkNamed(name, '', textOf, (place) => walkValue(value, text, place));
      keep(kept, name, walked);
    }
    return kept;
  }

  /** @param textOf what would be sent of the value */
  function walkNamed(
    name: string,
    path: string,
    textOf: () => string | null | undefined,
    walk: (place: string) => unknown,
  ): unknown {
    const kind = search(name);
    // A name cannot be hashed without becoming another property.
    if (kind !== undefined) return resolve(`the name of a property looks like ${withArticle(kind)}`, () => REMOVED);
    const place = `${path}${shortName(name)}`;
    if (passes(name)) return walk(place);
    return resolve(`the property '${place}' is denied`, () => {
      const text = textOf();
      return text == null ? REMOVED : sha256!(text.trim().toLowerCase());
    });
  }

  /** @param text what would be sent of the value */
  function walkValue(value: unknown, text: string | null | undefined, place: string): unknown {
    if (text == null) return value;
    return typeof value === 'object' || MAY_BE_JSON.test(text)
      ? walkNested(value, text, place)
      : walkText(text, value, place);
  }

  /** @param value what the text was made from, and what stays if nothing is found */
  function walkText(text: string, value: unknown, place: string): unknown {
    const kind = search(text);
    if (kind === undefined) return value;
    return resolve(`the property '${place}' looks like ${withArticle(kind)}`, () => replacePersonal(text, sha256!));
  }

  /** The value as it would be sent; the value itself where nothing had to change. */
  function walkNested(value: unknown, json: string, place: string): unknown {
    let plain: unknown;
    try {
      plain = JSON.parse(json);
    } catch {
      // A date, or whatever else turns itself into text.
      return walkText(json, value, place);
    }
    if (typeof plain !== 'object' || plain === null) return walkText(json, value, place);
    const walked = walkPlain(plain, place);
    if (typeof value !== 'string') return walked === plain ? value : walked;
    // As it is written, too: parsing drops the first of two values of one name.
    return walked === plain ? walkText(json, value, place) : JSON.stringify(walked);
  }

  /**
   * Values that came from JSON, in one pass: the value itself where nothing had to change. Serialising each level to look at it would
   * take seconds for a few kilobytes that are nested a thousand levels deep.
   */
  function walkPlain(value: unknown, place: string): unknown {
    if (Array.isArray(value)) return walkList(value, place);
    if (typeof value === 'object' && value !== null) return walkObject(value, place);
    return walkValue(value, textOf(value), place);
  }

  function walkList(list: readonly unknown[], place: string): readonly unknown[] {
    const walked = list.map((value, index) => walkPlain(value, `${place}.${index}`));
    return walked.every((value, index) => value === list[index]) ? list : walked.filter((value) => value !== REMOVED);
  }

  function walkObject(map: object, place: string): object {
    const kept: Record<string, unknown> = {};
    let isChanged = false;
    for (const [name, value] of Object.entries(map)) {
      const text = () => textOf(value);
      const walked = walkNamed(name, `${place}.`, text, (inner) => walkPlain(value, inner));
      isChanged ||= walked !== value;
      keep(kept, name, walked);
    }
    return isChanged ? kept : map;
  }

  return (properties) => {
    const entries = readAsSent(properties, (error) => {
      throw error;
    });
    if (entries === undefined) return { map: properties };
    try {
      return { map: walkMap(entries) };
    } catch (error) {
      if (error instanceof Refused) return { refused: error.message };
      throw error;
    }
  };
}

/** Unlike an assignment, this also keeps the name `__proto__`. */
function keep(kept: Record<string, unknown>, name: string, value: unknown): void {
  if (value === REMOVED) return;
  Object.defineProperty(kept, name, { value, enumerable: true, writable: true, configurable: true });
}

/** What would be sent of a value that came from JSON. */
function textOf(value: unknown): string | null | undefined {
  return toText(value, '', () => undefined, MAX_LENGTH);
}
