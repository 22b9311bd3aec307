import { toJson } from './json.js';
import { rethrowTooLarge, TOO_LARGE } from './row-writer.js';
import { isDate } from './time.js';

// One rule decides what a value becomes, alone, in a map, or as a whole map: an object is what it shows of itself (`toPlain`),
// and one that shows nothing is left out and reported. It is never sent as an empty one.

/** Called with the name of a property that holds something unreadable, which is then left out. */
export type OnUnreadable = (name: string) => void;

/**
 * The string the service stores for a value, `null` to clear it, or `undefined` to leave it out.
 *
 * Numbers, bigints and booleans become their usual text, dates ISO 8601, and anything nested JSON. `undefined`,
 * functions, symbols, `NaN`, infinities and invalid dates say nothing and are left out. Throws only what a hostile
 * getter or `toJSON` throws, and {@link TOO_LARGE} if the JSON of a nested value would be longer than `maxLength`.
 */
export function toText(
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
): string | null | undefined {
  if (typeof value === 'string' || value === null) return value;
  if (typeof value !== 'object') {
    return typeof value === 'boolean' || typeof value === 'bigint' || Number.isFinite(value)
      ? String(value)
      : undefined;
  }
  checkView(value, maxLength);
  const plain = toPlain(value);
  // An invalid date turns into null: it says nothing, and must not clear what is stored.
  if (plain === null) return undefined;
  if (typeof plain !== 'object') return toText(plain, name, onUnreadable, maxLength);
  let json: string | undefined;
  try {
    if (restOf(plain as object, maxLength, 0) >= 0) {
      json = toJson(plain);
      // An object without readable content would be in it like this.
      if (!json?.includes('{}')) return json;
    }
  } catch (error) {
    rethrowTooLarge(error);
    // A bigint.
  }
  return toJson(
    plain,
    readable(() => onUnreadable(name), maxLength),
  );
}

/** No real data is this deep; a cycle reaches it at once. */
const MAX_DEPTH = 100;

/** The JSON of bytes and typed arrays is longer than they are. Merely listing their elements takes seconds. */
function checkView(object: object, maxLength: number): void {
  if (ArrayBuffer.isView(object) && object.byteLength > maxLength) throw TOO_LARGE;
}

/**
 * What is left of `length` after the JSON of an object, which is at least as long as counted here; negative if nothing is, or if
 * that cannot be told: the object is too deep, or turns itself into another. An object that is referred to twice is written twice:
 * without a limit, a few dozen objects become gigabytes.
 */
function restOf(object: object, length: number, depth: number): number {
  checkView(object, length);
  if (depth === MAX_DEPTH) return -1;
  let left = length - 1;
  if (Array.isArray(object)) {
    // Their names are not listed: that alone takes long for a long list.
    for (let i = 0; i < object.length && left >= 0; i++) left = restOfValue(object[i], left - 1, depth);
    return left;
  }
  if (typeof (object as { readonly toJSON?: unknown }).toJSON === 'function') return isDate(object) ? left : -1;
  for (const name in object) {
    if (!hasOwn.call(object, name)) continue;
    left = restOfValue((object as Readonly<Record<string, unknown>>)[name], left - name.length - 4, depth);
    if (left < 0) break;
  }
  return left;
}

function restOfValue(value: unknown, left: number, depth: number): number {
  if (typeof value === 'string') return left - value.length - 2;
  return typeof value === 'object' && value !== null ? restOf(value, left, depth + 1) : left - 1;
}

const hasOwn = Object.prototype.hasOwnProperty;

/**
 * What an object shows of itself: what its `toJSON` returns, the primitive in a `new String`, otherwise the object. Dates,
 * decimals and money turn themselves into text, and database documents leave out their internals.
 */
export function toPlain(value: object): unknown {
  if (typeof (value as { readonly toJSON?: unknown }).toJSON === 'function') {
    return (value as { toJSON(): unknown }).toJSON();
  }
  // By its tag, because it may come from another realm.
  return !isPlain(value) && BOXED.test(Object.prototype.toString.call(value)) ? value.valueOf() : value;
}

const BOXED = /(String|Number|Boolean|BigInt)]$/;

/** Whether an object is a list, or a map of no class. */
export function isPlain(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  // In another realm, the prototype of a plain object has none above it either.
  return (
    prototype === Object.prototype ||
    prototype === null ||
    Array.isArray(value) ||
    Object.getPrototypeOf(prototype) === null
  );
}

/** Whether an object keeps its content from being read: a Promise, a Map, an Error, an instance of private fields or getters. */
function isOpaque(value: object): boolean {
  return !isPlain(value) && Object.keys(value).length === 0;
}

/**
 * A replacer for what `JSON.stringify` refuses or empties: cycles are cut where they close, bigints become text, and opaque
 * objects are left out and reported. It stops JSON that becomes longer than `maxLength`: the paths through a graph with cycles
 * are far more than its objects.
 */
function readable(report: () => void, maxLength: number): (this: unknown, key: string, value: unknown) => unknown {
  const path: unknown[] = [];
  const ancestors = new Set<unknown>();
  let left = maxLength;
  return function (key, value) {
    let read = typeof value === 'bigint' ? String(value) : value;
    if (typeof value === 'object' && value !== null) {
      // `this` holds the value; whatever was visited below that holder is no ancestor any more.
      while (path.length > 0 && path.at(-1) !== this) ancestors.delete(path.pop());
      if (isOpaque(value)) {
        report();
        read = undefined;
      } else if (ancestors.has(value)) read = '[cycle]';
      else {
        path.push(value);
        ancestors.add(value);
      }
    }
    left -= 1;
    if (typeof read === 'string') left -= read.length;
    if (read !== undefined && !Array.isArray(this)) left -= key.length;
    if (left < 0) throw TOO_LARGE;
    return read;
  };
}

/** A whole map as it shows itself. Throws where that is no map: where it is text, bytes or opaque, or its `toJSON` throws. */
export function readMap(input: object): Readonly<Record<string, unknown>> {
  const given = input as Readonly<Record<string, unknown>>;
  // Nearly every map: the checks below cost a few percent of an event.
  if (Object.getPrototypeOf(given) === Object.prototype && given.toJSON === undefined) return given;
  const map = toPlain(input);
  if (!isMap(map) || ArrayBuffer.isView(input) || isOpaque(map)) throw new TypeError('not a map');
  return map as Readonly<Record<string, unknown>>;
}

/** Whether a value holds names and values, or is a revoked proxy, which only a read tells. */
export function isMap(value: unknown): value is object {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return true;
  }
}
