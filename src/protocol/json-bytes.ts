import { toJson } from './json.js';
import { NO_NAME, type PreparedName, prepareName, WORD_BYTES } from './prepared-names.js';
import { type RowWriter, type Scalar, TOO_LARGE } from './row-writer.js';

// Rows are written side by side into slabs of this size: a buffer for each would cost more than its content. The first slabs are
// smaller: a process may send one event only, and V8 sees early what happens when one is full.
const SLAB_BYTES = 64 * 1024;
const FIRST_SLAB_BYTES = 1024;
// A larger row gets its own buffer after all, so that the unused rest of its slab is not kept with it.
const LARGE_ROW_BYTES = SLAB_BYTES / 4;
/** From this length on, a native call is faster than a loop over the characters. */
const LONG_TEXT = 48;
/** A UTF-16 unit takes at most three bytes in UTF-8. */
const UNIT_BYTES = 3;

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

/** The writer that no row uses at the moment. */
let idle: ByteRow | undefined;

/**
 * Writes a row straight into bytes, the same as `toJson` in UTF-8: docs/decisions/002-own-json-bytes.md. Node only. Rows that follow
 * each other in memory have a comma between them.
 */
export function openByteRow(maxBytes: number): RowWriter {
  const row = idle ?? new ByteRow();
  idle = undefined;
  row.begin(maxBytes);
  return row;
}

class ByteRow implements RowWriter {
  maxBytes = 0;
  private slab = newSlab(0);
  /** The slab as words, to look at four bytes at a time. */
  private words = new Int32Array(this.slab.buffer);
  /** The slab again, to write four bytes at a time. */
  private view = new DataView(this.slab.buffer);
  /** Where the row begins, and where its next byte goes. */
  private start = 0;
  private at = 0;
  /** Where each open map begins, counted from the start of the row. */
  private opened: number[] = [];
  /** The name written last. */
  private name: PreparedName = NO_NAME;

  begin(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.start = this.at;
    this.name = NO_NAME;
    this.makeRoom(1);
    this.slab[this.at++] = OPEN;
  }

  put(name: string, value: Scalar): void {
    this.writeName(name);
    if (typeof value === 'string') this.writeText(value);
    else this.writeWord(String(value));
    // Room for it is part of each value's.
    this.slab[this.at++] = COMMA;
  }

  open(name: string): void {
    this.opened.push(this.at - this.start);
    this.writeName(name);
    this.makeRoom(1);
    this.slab[this.at++] = OPEN;
  }

  close(): void {
    this.opened.pop();
    this.makeRoom(2);
    this.endMap();
    this.slab[this.at++] = COMMA;
  }

  discard(): void {
    this.at = this.start + this.opened.pop()!;
  }

  finish(): Uint8Array {
    this.makeRoom(2);
    this.endMap();
    const { slab, start, at } = this;
    const bytes = new Uint8Array(slab.buffer, start, at - start);
    // The slab of an event that was too large would stay for good.
    idle = slab.length > SLAB_BYTES ? undefined : this;
    if (bytes.length > LARGE_ROW_BYTES) {
      this.at = start;
      return bytes.slice();
    }
    slab[this.at++] = COMMA;
    return bytes;
  }

  /** A comma follows every member; the last one makes way. */
  private endMap(): void {
    if (this.slab[this.at - 1] === COMMA) this.at -= 1;
    this.slab[this.at++] = CLOSE;
  }

  private writeName(text: string): void {
    let name = this.name.next;
    if (name?.text !== text) {
      name = prepareName(text);
      if (name === undefined) {
        this.writeText(text);
        this.slab[this.at++] = COLON;
        return;
      }
      this.name.next = name;
    }
    this.name = name;
    const { words, length } = name;
    this.makeRoom(length + WORD_BYTES);
    const { view, at } = this;
    for (let i = 0; i < words.length; i++) view.setInt32(at + i * WORD_BYTES, words[i]!, true);
    this.at = at + length;
  }

  private writeText(text: string): void {
    const { length } = text;
    if (length >= LONG_TEXT) {
      this.writeLong(text);
      return;
    }
    this.makeRoom(length * UNIT_BYTES + 3);
    // In variables of its own: the loop runs for every character there is.
    const bytes = this.slab;
    let next = this.at;
    bytes[next++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (IS_PLAIN[unit] === 0) {
        this.writeFrom(text, i, next);
        return;
      }
      bytes[next++] = unit;
    }
    bytes[next++] = QUOTE;
    this.at = next;
  }

  /** Continues a short text at its first unit that is not plain. */
  private writeFrom(text: string, from: number, to: number): void {
    const bytes = this.slab;
    let next = to;
    for (let i = from; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) {
        if (IS_PLAIN[unit] === 0) {
          this.writeEscaped(text);
          return;
        }
        bytes[next++] = unit;
      } else if (unit < 0x800) {
        bytes[next++] = 0xc0 | (unit >> 6);
        bytes[next++] = 0x80 | (unit & 0x3f);
      } else {
        const point = text.codePointAt(i)!;
        if (point > 0xffff) {
          i += 1;
          bytes[next++] = 0xf0 | (point >> 18);
          bytes[next++] = 0x80 | ((point >> 12) & 0x3f);
        } else {
          bytes[next++] = 0xe0 | (whole(point) >> 12);
        }
        bytes[next++] = 0x80 | ((whole(point) >> 6) & 0x3f);
        bytes[next++] = 0x80 | (whole(point) & 0x3f);
      }
    }
    bytes[next++] = QUOTE;
    this.at = next;
  }

  /** Encodes first and looks for what JSON escapes afterwards: both are faster on bytes. */
  private writeLong(text: string): void {
    // What is too long is neither encoded nor measured: both take time and memory by its length.
    if (text.length > this.maxBytes) throw TOO_LARGE;
    if (this.at + text.length * UNIT_BYTES + 3 > this.slab.length) this.makeRoom(Buffer.byteLength(text) + 3);
    const from = this.at + 1;
    const to = from + this.slab.write(text, from);
    if (this.hasEscapes(from, to)) {
      this.writeEscaped(text);
      return;
    }
    this.slab[from - 1] = QUOTE;
    this.slab[to] = QUOTE;
    this.at = to + 1;
  }

  /** Whether there is a quote, a backslash or a control character between two places. */
  private hasEscapes(from: number, to: number): boolean {
    const { slab, words } = this;
    let at = from;
    for (; at < to && at % 4 !== 0; at++) if (isEscape(slab[at]!)) return true;
    let found = 0;
    const lastWord = to >> 2;
    for (let word = at >> 2; word < lastWord; word++) {
      const four = words[word]!;
      const quotes = four ^ 0x22222222;
      const slashes = four ^ 0x5c5c5c5c;
      // The top bit of a byte is set where it is below 0x20, or zero after the comparison: Hacker's Delight, 6-1.
      found |= ((four - 0x20202020) & ~four) | ((quotes - 0x01010101) & ~quotes) | ((slashes - 0x01010101) & ~slashes);
    }
    if ((found & 0x80808080) !== 0) return true;
    for (at = Math.max(at, lastWord << 2); at < to; at++) if (isEscape(slab[at]!)) return true;
    return false;
  }

  private writeEscaped(text: string): void {
    const json = toJson(text);
    this.makeRoom(json.length * UNIT_BYTES + 1);
    this.at += this.slab.write(json, this.at);
  }

  /** A number, `true`, `false` or `null`. */
  private writeWord(word: string): void {
    this.makeRoom(word.length + 1);
    const { slab, at } = this;
    for (let i = 0; i < word.length; i++) slab[at + i] = word.charCodeAt(i);
    this.at = at + word.length;
  }

  /** A row that does not fit into what is left of the slab moves to a new one. */
  private makeRoom(bytes: number): void {
    if (this.at + bytes > this.slab.length) this.moveTo(bytes);
  }

  private moveTo(bytes: number): void {
    const begun = this.slab.subarray(this.start, this.at);
    if (begun.length > this.maxBytes) throw TOO_LARGE;
    const size = Math.min(SLAB_BYTES, Math.max(FIRST_SLAB_BYTES, 2 * this.slab.length));
    this.slab = newSlab(Math.max(size, 2 * (begun.length + bytes)));
    this.words = new Int32Array(this.slab.buffer, 0, this.slab.length >> 2);
    this.view = new DataView(this.slab.buffer);
    this.slab.set(begun);
    this.start = 0;
    this.at = begun.length;
  }
}

/** Not cleared: a row covers only what it has written. */
function newSlab(bytes: number): Buffer<ArrayBuffer> {
  return Buffer.allocUnsafeSlow(bytes);
}

/** Half of a surrogate pair becomes U+FFFD. */
function whole(point: number): number {
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
}

function isEscape(byte: number): boolean {
  return byte < 0x20 || byte === QUOTE || byte === BACKSLASH;
}
