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
  for (let from = 0; from < items.length; ) {
    const [run, next] = runFrom(items, from);
    joined.set(run, at);
    at += run.length;
    joined[at++] = COMMA;
    from = next;
  }
  // Over the last comma, if there is one.
  joined.set(last, length - last.length);
  return joined;
}

/**
 * The items that follow each other in memory with a comma in between, as rows written one after the other do, as one range; and the
 * index of the item behind them.
 */
function runFrom(items: readonly Uint8Array[], from: number): [run: Uint8Array, next: number] {
  const { buffer, byteOffset, length } = items[from]!;
  const memory = new Uint8Array(buffer);
  let end = byteOffset + length;
  let next = from + 1;
  for (; next < items.length && memory[end] === COMMA; next += 1) {
    const item = items[next]!;
    if (item.byteOffset !== end + 1 || item.buffer !== buffer) break;
    end += 1 + item.length;
  }
  return [memory.subarray(byteOffset, end), next];
}
