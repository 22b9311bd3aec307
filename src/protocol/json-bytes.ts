import { toJson } from './json.js';

/** A row or a map in it. Its values are texts, finite numbers, booleans, `null` and further maps; `undefined` is left out. */
type JsonMap = Readonly<Record<string, unknown>>;

// Rows are written side by side into slabs of this size: memory of its own for each would cost more than its text.
const SLAB_BYTES = 64 * 1024;
// A larger row gets memory of its own after all, so that its slab's unused rest is not kept with it.
const LARGE_ROW_BYTES = SLAB_BYTES / 4;

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** For each UTF-16 unit 1 if JSON in UTF-8 has it as it is, in one byte. */
const IS_PLAIN = new Uint8Array(0x1_0000).fill(1, 0x20, 0x7f);
IS_PLAIN[QUOTE] = 0;
IS_PLAIN[BACKSLASH] = 0;

const encoder = new TextEncoder();

let slab = new Uint8Array(0);
/** Where the row that is being written begins, and where its next byte goes. */
let start = 0;
let at = 0;

/**
 * The same bytes as `toJson` in UTF-8, without the text in between: that is built in pieces, put together and copied,
 * an eighth of all that an event costs on Node 20 (bench/README.md). Other runtimes do without, and so do bundles for them. The
 * bytes share memory with other rows' and must not be written to.
 */
export function toJsonBytes(row: JsonMap): Uint8Array {
  start = at;
  writeMap(row);
  if (at - start <= LARGE_ROW_BYTES) return slab.subarray(start, at);
  const bytes = slab.slice(start, at);
  at = start;
  return bytes;
}

function writeMap(map: JsonMap): void {
  let separator = OPEN;
  // for-in makes no list of the names, which shows at this rate.
  for (const name in map) {
    const value = map[name];
    if (value === undefined || !Object.hasOwn(map, name)) continue;
    makeRoom(1);
    slab[at++] = separator;
    separator = COMMA;
    writeText(name);
    makeRoom(1);
    slab[at++] = COLON;
    if (typeof value === 'string') writeText(value);
    else if (typeof value === 'object' && value !== null) writeMap(value as JsonMap);
    else writeWord(String(value));
  }
  makeRoom(2);
  if (separator === OPEN) slab[at++] = OPEN;
  slab[at++] = CLOSE;
}

function writeText(text: string): void {
  const { length } = text;
  makeRoom(length + 2);
  // In variables of its own: the loop runs for every character there is.
  const bytes = slab;
  let next = at;
  bytes[next++] = QUOTE;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (IS_PLAIN[unit] === 0) {
      writeEscaped(text);
      return;
    }
    bytes[next++] = unit;
  }
  bytes[next++] = QUOTE;
  at = next;
}

function writeEscaped(text: string): void {
  const json = toJson(text);
  // A UTF-16 unit takes three bytes at most.
  makeRoom(json.length * 3);
  at += encoder.encodeInto(json, slab.subarray(at)).written;
}

/** A number, `true`, `false` or `null`. */
function writeWord(word: string): void {
  makeRoom(word.length);
  for (let i = 0; i < word.length; i++) slab[at++] = word.charCodeAt(i);
}

/** A row that does not fit into what is left of the slab moves to a new one. */
function makeRoom(bytes: number): void {
  if (at + bytes <= slab.length) return;
  const begun = slab.subarray(start, at);
  slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (begun.length + bytes)));
  slab.set(begun);
  start = 0;
  at = begun.length;
}
