const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Texts are written side by side into slabs of this size: memory of its own for each would cost more than its text. */
const SLAB_BYTES = 64 * 1024;

let slab = new Uint8Array(0);
let used = 0;

/** A text as UTF-8. The bytes share memory with other texts' and must not be written to. */
export function toBytes(text: string): Uint8Array {
  // The most that a text can take is three bytes for each UTF-16 unit: no need to count first.
  const most = text.length * 3;
  if (most > SLAB_BYTES / 4) return encoder.encode(text);
  if (used + most > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const { written } = encoder.encodeInto(text, slab.subarray(used));
  const bytes = slab.subarray(used, used + written);
  used += written;
  return bytes;
}

/** UTF-8 as a text. */
export function fromBytes(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

const COMMA = 0x2c;

/** JSON texts as one list between `head` and `tail`, separated by commas. */
export function joinBytes(head: string, items: readonly Uint8Array[], tail: string): Uint8Array {
  const first = toBytes(head);
  const last = toBytes(tail);
  let length = first.length + last.length + Math.max(0, items.length - 1);
  for (const item of items) length += item.length;
  // Every byte is written below: nothing of what lay in this memory can get out.
  const joined = typeof Buffer === 'undefined' ? new Uint8Array(length) : Buffer.allocUnsafe(length);
  joined.set(first);
  let at = first.length;
  for (const item of items) {
    joined.set(item, at);
    at += item.length;
    joined[at] = COMMA;
    at += 1;
  }
  joined.set(last, length - last.length);
  return joined;
}
