import { isPlain } from '../protocol/properties.js';

/**
 * A copy of `value` that later changes do not reach: plain objects, arrays and dates are copied. Functions and instances of
 * classes stay what they are, as does what cannot be read.
 */
export function snapshot<Value>(value: Value): Value {
  return copy(value, new Map()) as Value;
}

/** @param copies made so far, by their originals: a value may contain itself */
function copy(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (copies.has(value)) return copies.get(value);
  try {
    if (value instanceof Date) return new Date(value);
    if (!isPlain(value)) return value;
    const made = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
    copies.set(value, made);
    for (const [name, member] of Object.entries(value)) {
      // Not assigned, which would change the prototype of a map with the name __proto__.
      const defined = { value: copy(member, copies), writable: true, enumerable: true, configurable: true };
      Object.defineProperty(made, name, defined);
    }
    return made;
  } catch {
    copies.set(value, value);
    return value;
  }
}
