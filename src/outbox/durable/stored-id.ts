/** U+0000 and lone surrogates, which databases cannot store, and the backslash that escapes them. */
const SPECIAL = /[\0\\]|\p{Surrogate}/gu;

/** Escapes an id so that every database can store and compare it. Most ids stay the same. */
export function toStoredId(id: string): string {
  return id.replace(SPECIAL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function fromStoredId(stored: string): string {
  return stored.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
