import type { PropertyMap } from './wire.js';

/**
 * The text the service stores for a value, `null` to clear it, or `undefined` to leave it out.
 *
 * Numbers, bigints and booleans become their usual text, dates ISO 8601, and anything nested JSON. `undefined`,
 * functions, symbols, `NaN`, infinities and invalid dates say nothing and are left out. Throws only what a hostile
 * getter or `toJSON` throws.
 */
export function toText(value: unknown): string | null | undefined {
  if (typeof value === 'string' || value === null) return value;
  if (typeof value === 'object') return objectToText(value);
  return typeof value === 'boolean' || typeof value === 'bigint' || Number.isFinite(value) ? String(value) : undefined;
}

function objectToText(value: object): string | null | undefined {
  // Dates, decimals and money turn themselves into text: "12.50" must not arrive with its JSON quotes.
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const plain: unknown = value.toJSON();
    // An invalid date turns into null: it says nothing, and must not clear what is stored.
    if (plain === null) return undefined;
    if (typeof plain !== 'object') return toText(plain);
  }
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, tamed());
  }
}

/** A replacer for what `JSON.stringify` refuses: cycles are cut where they close, bigints become text. */
function tamed(): (this: unknown, key: string, value: unknown) => unknown {
  const ancestors: unknown[] = [];
  return function (_key, value) {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    // `this` holds the value; whatever was visited below that holder is no ancestor any more.
    ancestors.length = ancestors.indexOf(this) + 1;
    if (ancestors.includes(value)) return '[cycle]';
    ancestors.push(value);
    return value;
  };
}

/** Called with the name of a property that could not be read, which is then left out. */
export type OnUnreadable = (name: string) => void;

function mapValues<Value>(
  input: object,
  convert: (value: unknown, name: string) => Value | undefined,
  onUnreadable: OnUnreadable,
): Record<string, Value> {
  const output: Record<string, Value> = {};
  // Own keys only: what a prototype holds, or does when it is asked, is none of the event's business.
  for (const name of Object.keys(input)) {
    try {
      const given = (input as Record<string, unknown>)[name];
      // Nearly every value is a text, and a text that is not empty is what it is in every map.
      const value = typeof given === 'string' && given !== '' ? (given as Value) : convert(given, name);
      // Assigned, this one would change the prototype instead of being in the map.
      if (name === '__proto__') onUnreadable(name);
      else if (value !== undefined) output[name] = value;
    } catch {
      onUnreadable(name);
    }
  }
  return output;
}

/** `eventProperties` as the wire wants them: flat, text or `null`. */
export function toEventProperties(input: object, onUnreadable: OnUnreadable): PropertyMap {
  return mapValues(input, toText, onUnreadable);
}

/**
 * `userProperties` as the wire wants them. At the top level `null` clears and an empty string leaves the stored value
 * alone; inside `custom_properties` both say nothing. `consent` keeps its booleans [A].
 */
export function toUserProperties(input: object, onUnreadable: OnUnreadable): Record<string, unknown> {
  return mapValues<unknown>(
    input,
    (value, name) => {
      if (isMap(value) && name === 'custom_properties') return mapValues(value, textOrNothing, onUnreadable);
      if (isMap(value) && name === 'consent') return mapValues(value, booleanOrText, onUnreadable);
      return value === '' ? undefined : toText(value);
    },
    onUnreadable,
  );
}

/** `defaultProperties` as the wire wants them: what the page knew. Booleans such as `is_bot` stay booleans [A]. */
export function toDefaultProperties(input: object, onUnreadable: OnUnreadable): Record<string, unknown> {
  return mapValues<unknown>(input, (value) => booleanOrText(value) ?? undefined, onUnreadable);
}

function textOrNothing(value: unknown): string | undefined {
  return toText(value) || undefined;
}

function booleanOrText(value: unknown): string | boolean | null | undefined {
  return typeof value === 'boolean' ? value : value === '' ? undefined : toText(value);
}

/** Whether a value holds names and values. */
export function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
