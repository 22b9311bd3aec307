import type { Fact, Schema } from './facts.js';

/** The changes of a newer schema, one line per field. */
export function diffSchemas(known: Schema, newer: Schema): string[] {
  const lines: string[] = [];
  for (const object of new Set([...known.keys(), ...newer.keys()])) {
    const [before, after] = [known.get(object), newer.get(object)];
    if (before === undefined) lines.push(`added    ${object} (object)`);
    if (after === undefined) lines.push(`removed  ${object} (object)`);
    for (const name of new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])])) {
      lines.push(...diffField(`${object}.${name}`, before?.get(name), after?.get(name)));
    }
  }
  return lines;
}

function diffField(path: string, before: Fact | undefined, after: Fact | undefined): string[] {
  if (before === undefined) return [`added    ${path}: ${describe(after!)}`];
  if (after === undefined) return [`removed  ${path}: ${describe(before)}`];
  const lines: string[] = [];
  if (before.type !== after.type) lines.push(`retyped  ${path}: ${before.type} → ${after.type}`);
  if (before.isNullable !== after.isNullable) {
    lines.push(`null     ${path}: ${after.isNullable ? 'may now be null' : 'may no longer be null'}`);
  }
  if (before.isOptional !== after.isOptional) {
    lines.push(`presence ${path}: ${after.isOptional ? 'may now be left out' : 'may no longer be left out'}`);
  }
  return lines;
}

function describe({ type, isOptional, isNullable }: Fact): string {
  return [type, isOptional && 'optional', isNullable && 'nullable'].filter(Boolean).join(', ');
}
