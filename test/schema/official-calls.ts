import fc from 'fast-check';
import type { Fact, Schema } from './facts.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const filled = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

/** The limits that only the documentation states: lengths, reserved names, times. */
function documented(now: number): Readonly<Record<string, fc.Arbitrary<unknown>>> {
  return {
    event: filled.map((name) => name.replace(/^\$/, 'x')),
    distinctId: filled,
    userId: filled,
    externalId: filled,
    email: filled,
    visitor_id: filled,
    ip: filled,
    userAgent: filled,
    time: fc.integer({ min: now - 6 * 86_400_000, max: now }),
  };
}

/** Any body of one of the schema's objects: each optional field is present, absent, or `null` if allowed. */
export function anyBody(schema: Schema, object: string, now: number, fixed: object = {}): fc.Arbitrary<object> {
  const rules = documented(now);
  const bodyOf = (name: string, { type }: Fact): fc.Arbitrary<unknown> => {
    if (Object.hasOwn(fixed, name)) return fc.constant((fixed as Record<string, unknown>)[name]);
    // Not inside maps, where names such as `email` are ordinary properties.
    if (!['defaultProperties', 'userProperties'].includes(object) && rules[name]) return rules[name];
    if (type === 'string') return text;
    if (type === 'number') return fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0);
    if (type === 'boolean') return fc.boolean();
    if (type === 'map of string or null') return fc.dictionary(text, fc.option(text));
    return anyBody(schema, type, now);
  };
  const required: Record<string, fc.Arbitrary<unknown>> = {};
  const optional: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, fact] of schema.get(object)!) {
    const value = bodyOf(name, fact);
    const isFixed = Object.hasOwn(fixed, name);
    const orNull = fact.isNullable && !isFixed ? fc.option(value) : value;
    if (fact.isOptional && !isFixed) optional[name] = orNull;
    else required[name] = orNull;
  }
  return fc.tuple(fc.record(required), fc.record(optional, { requiredKeys: [] })).map(([a, b]) => ({ ...a, ...b }));
}
