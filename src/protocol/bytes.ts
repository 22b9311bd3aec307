const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A text as UTF-8. */
export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
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
  const joined = new Uint8Array(length);
  joined.set(first);
  let at = first.length;
  for (const item of items) {
    joined.set(item, at);
    at += item.length;
    joined[at++] = COMMA;
  }
  // Over the last comma, if there is one.
  joined.set(last, length - last.length);
  return joined;
}
