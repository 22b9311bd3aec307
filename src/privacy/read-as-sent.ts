import { DEFAULT_BATCH_BYTES } from '../protocol/limits.js';
import { readMap, toText } from '../protocol/properties.js';
import { rethrowTooLarge, TOO_LARGE } from '../protocol/row-writer.js';

/** One property, read once. */
export interface SentEntry {
  readonly name: string;
  readonly value: unknown;
  /** What is sent of the value; see `toText`. */
  readonly text: string | null | undefined;
}

/** The client refuses a longer event anyway, unless its `maxBatchBytes` has been raised. */
export const MAX_LENGTH: number = DEFAULT_BATCH_BYTES;

/** Quotes, colon and comma. */
const PUNCTUATION = 4;

/**
 * A map as it will be sent; `undefined` if it cannot be read: the encoder sends nothing of it either. The names and texts together
 * are at most {@link MAX_LENGTH} long, so that the time for a search of them is bounded.
 *
 * @param onUnreadable called with what a getter or `toJSON` threw; the property is left out unless it throws
 * @throws TOO_LARGE for a longer map
 */
export function readAsSent(input: object, onUnreadable: (error: unknown) => void): readonly SentEntry[] | undefined {
  let map: Readonly<Record<string, unknown>>;
  try {
    map = readMap(input);
  } catch {
    return undefined;
  }
  let left = MAX_LENGTH;
  const entries: SentEntry[] = [];
  for (const name of Object.keys(map)) {
    left -= name.length + PUNCTUATION;
    if (left < 0) throw TOO_LARGE;
    try {
      const value = map[name];
      const text = toText(value, name, () => undefined, left);
      left -= text?.length ?? 0;
      entries.push({ name, value, text });
    } catch (error) {
      rethrowTooLarge(error);
      onUnreadable(error);
    }
  }
  if (left < 0) throw TOO_LARGE;
  return entries;
}
