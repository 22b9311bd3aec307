/** What a database's text cannot hold, U+0000 and half characters, and the sign that stands for them. */
const SPECIAL = /[\0\\]|\p{Surrogate}/gu;

/** Any string as one that every database can hold and compare; nearly always the same. */
export function toStoredId(id: string): string {
  return id.replace(SPECIAL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function fromStoredId(stored: string): string {
  return stored.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
