import { toBytes } from './bytes.js';
import { toJson } from './json.js';

/** The name of a member as JSON in UTF-8, with its colon, ready to be copied four bytes at a time. */
export interface PreparedName {
  readonly text: string;
  /** Little-endian. The last one is filled up with zeros. */
  readonly words: Int32Array;
  /** In bytes. */
  readonly length: number;
  /** The name that followed it last time: events of one kind have the same names in the same order. */
  next: PreparedName | undefined;
}

/** Names that are not known in advance may be any number: these are prepared, and the others written each time. */
const MAX_NAMES = 1_000;
const MAX_LENGTH = 64;

export const WORD_BYTES = 4;

const prepared = new Map<string, PreparedName>();

/** What comes before the first name of a row. */
export const NO_NAME: PreparedName = { text: '', words: new Int32Array(0), length: 0, next: undefined };

/** A prepared name, or `undefined` for one of too many. */
export function prepareName(text: string): PreparedName | undefined {
  const known = prepared.get(text);
  if (known !== undefined || prepared.size >= MAX_NAMES || text.length > MAX_LENGTH) return known;
  const json = toBytes(`${toJson(text)}:`);
  const padded = new Uint8Array(Math.ceil(json.length / WORD_BYTES) * WORD_BYTES);
  padded.set(json);
  const view = new DataView(padded.buffer);
  const words = new Int32Array(padded.length / WORD_BYTES).map((_, at) => view.getInt32(at * WORD_BYTES, true));
  const name: PreparedName = { text, words, length: json.length, next: undefined };
  prepared.set(text, name);
  return name;
}
