import type { Schema } from './facts.js';

/** Objects in which the service ignores unknown names [A]. Their values must still be strings. */
const OPEN = ['defaultProperties', 'userProperties'];

/** Why the schema refuses a value as one of its objects, a line for each field; empty if it accepts the value. */
export function refusals(schema: Schema, object: string, value: unknown): string[] {
  const facts = schema.get(object);
  if (facts === undefined) throw new Error(`the schema has no object ${object}`);
  if (!isMap(value)) return [`${object}: expected an object`];
  const missing = [...facts]
    .filter(([name, { isOptional }]) => !isOptional && !Object.hasOwn(value, name))
    .map(([name]) => `${object}.${name} is missing`);
  const wrong = Object.entries(value).flatMap(([name, field]) => {
    const fact = facts.get(name);
    if (fact === undefined) {
      const isTaken = OPEN.includes(object) && (typeof field === 'string' || field === null);
      return isTaken ? [] : [`${object}.${name} is not in the schema`];
    }
    if (field === null) return fact.isNullable ? [] : [`${object}.${name} is null`];
    return misfits(schema, fact.type, field).map((why) => `${object}.${name}: ${why}`);
  });
  return [...missing, ...wrong];
}

function misfits(schema: Schema, type: string, value: unknown): string[] {
  if (type === 'true' || type === 'false') return String(value) === type ? [] : [`expected ${type}`];
  if (['string', 'number', 'boolean'].includes(type)) {
    const isOfType = typeof value === type && (type !== 'number' || Number.isFinite(value));
    return isOfType ? [] : [`expected a ${type}, got a ${typeof value}`];
  }
  if (type === 'map of string or null') {
    if (!isMap(value)) return ['expected a map'];
    const isText = Object.values(value).every((one) => typeof one === 'string' || one === null);
    return isText ? [] : ['expected strings and nulls'];
  }
  if (type === 'list of batchResult') return Array.isArray(value) ? [] : ['expected a list'];
  const item = /^list of (\w+)$/.exec(type)?.[1];
  if (item === undefined) return refusals(schema, type, value);
  return Array.isArray(value) ? value.flatMap((one) => refusals(schema, item, one)) : ['expected a list'];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
