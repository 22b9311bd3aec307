/**
 * JSON text that every parser accepts. `JSON.stringify` writes half of a surrogate pair, which a string cut inside an emoji ends
 * with, as an escape that many parsers refuse, together with everything else in the request. Here it becomes U+FFFD.
 */
export function toJson(value: unknown, replacer?: (this: unknown, key: string, value: unknown) => unknown): string {
  const json: string | undefined = JSON.stringify(value, replacer);
  return json?.includes('\\ud') ? json.replace(LONE_SURROGATE, (found) => (found === '\\\\' ? found : '\ufffd')) : json;
}

/** The escape of half a surrogate pair; also `\\`, so that a backslash and the letters after it are not taken for one. */
const LONE_SURROGATE = /\\(?:\\|ud[89a-f]..)/g;
