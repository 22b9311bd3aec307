import { fromText } from './fields.js';
import { toSid } from './identity.js';
import { isMap, type OnUnreadable, readMap, toText } from './properties.js';
import { type MapWriter, rethrowTooLarge, type Scalar } from './row-writer.js';

/** What a value becomes; `undefined` leaves it out. May throw what reading the value throws, and `TOO_LARGE`. */
type Convert<Value = Scalar> = (
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
) => Value | undefined;

/** A map with its own names. */
interface Readable {
  readonly map: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
}

const hasOwn = Object.prototype.hasOwnProperty;

/** `undefined` for no map, and for one that cannot be read, which is reported under `field`. */
function read(field: string, input: object | null | undefined, onUnreadable: OnUnreadable): Readable | undefined {
  if (input == null) return undefined;
  try {
    const map = readMap(input);
    // Own names only: inherited values and getters are not part of the event.
    return { map, names: Object.keys(map) };
  } catch {
    onUnreadable(field);
    return undefined;
  }
}

/** One converted value of a map; `undefined` leaves it out. */
function readValue<Value>(
  { map }: Readable,
  name: string,
  convert: Convert<Value>,
  onUnreadable: OnUnreadable,
  maxLength: number,
): Value | undefined {
  try {
    const value = convert(map[name], name, onUnreadable, maxLength);
    // Whoever assigns this name to an object changes its prototype.
    if (name !== '__proto__') return value;
  } catch (error) {
    rethrowTooLarge(error);
  }
  onUnreadable(name);
  return undefined;
}

/**
 * Writes a map whose values are scalars, converted; nothing if it cannot be read, which is reported, or if it `mayVanish` and has
 * no members. Own names only: inherited values and getters are not part of the event.
 */
function writeMap(
  writer: MapWriter,
  field: string,
  input: object | null | undefined,
  convert: Convert,
  onUnreadable: OnUnreadable,
  mayVanish = false,
): void {
  if (input == null) return;
  let isWanted = !mayVanish;
  writer.open(field);
  try {
    const map = readMap(input);
    // Neither `Object.keys` nor `Object.hasOwn` nor `readValue`: in this form V8 looks no name up.
    for (const name in map) {
      if (!hasOwn.call(map, name)) continue;
      let value: Scalar | undefined;
      let isUnreadable = name === '__proto__';
      try {
        if (!isUnreadable) value = convert(map[name], name, onUnreadable, writer.maxBytes);
      } catch (error) {
        rethrowTooLarge(error);
        isUnreadable = true;
      }
      if (isUnreadable) onUnreadable(name);
      if (value === undefined) continue;
      writer.put(name, value);
      isWanted = true;
    }
  } catch (error) {
    rethrowTooLarge(error);
    // A proxy may throw at each name.
    onUnreadable(field);
    isWanted = false;
  }
  if (isWanted) writer.close();
  else writer.discard();
}

/** Writes `eventProperties` as the wire wants them: flat, strings or `null`. */
export function writeEventProperties(
  writer: MapWriter,
  input: object | null | undefined,
  onUnreadable: OnUnreadable,
): void {
  writeMap(writer, 'eventProperties', input, toText, onUnreadable);
}

/** Properties that the service remembers of a person who is identified by them. */
export type IdentifiedBy = { readonly [Name in 'email' | 'external_id']: string | undefined };

/**
 * Writes `userProperties` as the wire wants them. At the top level `null` clears and an empty string leaves the stored value
 * alone; inside `custom_properties` both say nothing. `consent` replaces what is stored, so one without content is left out.
 *
 * @param identifiedBy comes first, each unless the properties have the same name
 */
export function writeUserProperties(
  writer: MapWriter,
  input: object | null | undefined,
  identifiedBy: IdentifiedBy | undefined,
  onUnreadable: OnUnreadable,
): void {
  const person = read('userProperties', input, onUnreadable);
  if (person === undefined && identifiedBy === undefined) return;
  writer.open('userProperties');
  for (const [name, known] of Object.entries(identifiedBy ?? {})) {
    const own = person?.names.includes(name)
      ? readValue(person, name, textOrNull, onUnreadable, writer.maxBytes)
      : undefined;
    putIfAny(writer, name, own === undefined ? known : own);
  }
  for (const name of person?.names ?? NO_NAMES) {
    if (identifiedBy === undefined || !Object.hasOwn(identifiedBy, name)) {
      writeUserProperty(writer, person!, name, onUnreadable);
    }
  }
  writer.close();
}

function writeUserProperty(writer: MapWriter, person: Readable, name: string, onUnreadable: OnUnreadable): void {
  const isInner = name === 'custom_properties' || name === 'consent';
  const value = readValue<Scalar | object>(
    person,
    name,
    isInner ? mapOrText : textOrNull,
    onUnreadable,
    writer.maxBytes,
  );
  const isConsent = name === 'consent';
  if (typeof value === 'object' && value !== null)
    writeMap(writer, name, value, isConsent ? textOrNull : textOrNothing, onUnreadable, isConsent);
  // The service refuses an event with a string where it expects a map.
  else if (isInner && typeof value === 'string') onUnreadable(name);
  else putIfAny(writer, name, value);
}

/** What a client adds to `defaultProperties`. */
export interface PageAdditions {
  /** Replaces the properties' own. */
  readonly sid: string | undefined;
  /** Unless the properties have one. */
  readonly version: string | undefined;
}

/** Writes `defaultProperties` as the wire wants them: what the page knew, each field of the type that the schema gives it. */
export function writeDefaultProperties(
  writer: MapWriter,
  input: object | null | undefined,
  additions: PageAdditions | undefined,
  onUnreadable: OnUnreadable,
): void {
  const page = read('defaultProperties', input, onUnreadable);
  let sid = additions?.sid;
  let version = additions?.version;
  if (page === undefined && sid === undefined && version === undefined) return;
  writer.open('defaultProperties');
  for (const name of page?.names ?? NO_NAMES) {
    let value = readValue(page!, name, toDefaultProperty, onUnreadable, writer.maxBytes);
    if (value === undefined) continue;
    if (name === 'sid' && additions !== undefined) {
      value = sid ?? toSid(value);
      sid = undefined;
    } else if (name === 'version') version = undefined;
    putIfAny(writer, name, value);
  }
  putIfAny(writer, 'sid', sid);
  putIfAny(writer, 'version', version);
  writer.close();
}

const NO_NAMES: readonly string[] = [];

/** A field of `defaultProperties`. */
function toDefaultProperty(
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
): Scalar | undefined {
  const text = toText(value, name, onUnreadable, maxLength);
  if (!text) return undefined;
  const typed = fromText(name, text);
  if (typed === undefined) onUnreadable(name);
  return typed;
}

function textOrNothing(
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
): string | undefined {
  return toText(value, name, onUnreadable, maxLength) || undefined;
}

function textOrNull(
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
): string | null | undefined {
  return value === '' ? undefined : toText(value, name, onUnreadable, maxLength);
}

function mapOrText(
  value: unknown,
  name: string,
  onUnreadable: OnUnreadable,
  maxLength: number,
): object | string | null | undefined {
  return isMap(value) ? value : textOrNull(value, name, onUnreadable, maxLength);
}

/** Writes a member unless it is `undefined`. */
export function putIfAny(writer: MapWriter, name: string, value: Scalar | undefined): void {
  if (value !== undefined) writer.put(name, value);
}
