/** U+0000 and lone surrogates, which databases cannot store, and the backslash that escapes them. */
const SPECIAL = /[\0\\]|\p{Surrogate}/gu;

/** A UTF-16 unit as JSON escapes it. */
export function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Escapes an id so that every database can store and compare it. Most ids stay the same. */
export function toStoredId(id: string): string {
  return id.replace(SPECIAL, escapeUnit);
}

export function fromStoredId(stored: string): string {
  return stored.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
