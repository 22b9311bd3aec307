/** Ids are prepared this many at once: drawing random bytes costs as much as 50 ids, and decoding bytes as much as 5. */
const IDS_AT_ONCE = 512;
/** 74 of these 80 bits are random in an id. */
const BYTES_EACH = 10;
/** What follows the time and the version: `xxx-yxxx-xxxxxxxxxxxx`. */
const TAIL_LENGTH = 21;

const HYPHEN = 0x2d;
/** The ASCII codes of the hexadecimal digits. */
const DIGITS = new TextEncoder().encode('0123456789abcdef');

// Workers forbid random numbers outside of a request, so nothing is drawn at import. Worker threads load this module anew and
// `fork` starts a new process: neither inherits what is prepared here.
let tails = '';
let used = 0;
let lastTime = -1;
let head = '';

/**
 * The same kind of id as `randomId`, at a third of its cost, for runtimes where size does not matter.
 *
 * @param now milliseconds since the epoch
 */
export function bulkRandomId(now: number): string {
  if (used === tails.length) {
    tails = drawTails();
    used = 0;
  }
  if (now !== lastTime) {
    const time = now.toString(16).padStart(12, '0');
    head = `${time.slice(0, 8)}-${time.slice(8, 12)}-7`;
    lastTime = now;
  }
  const from = used;
  used += TAIL_LENGTH;
  return head + tails.slice(from, used);
}

/** The tails of many ids, one after the other. */
function drawTails(): string {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(IDS_AT_ONCE * BYTES_EACH));
  const ascii = new Uint8Array(IDS_AT_ONCE * TAIL_LENGTH);
  // A call for each id: V8 would optimise nested loops in the middle of the first call, and give that code up at its end each time.
  for (let id = 0; id < IDS_AT_ONCE; id += 1) writeTail(random, id * BYTES_EACH * 2, ascii, id * TAIL_LENGTH);
  return new TextDecoder().decode(ascii);
}

/** @param firstDigit counted in half bytes */
function writeTail(random: Uint8Array, firstDigit: number, ascii: Uint8Array, from: number): void {
  let digit = firstDigit;
  for (let at = 0; at < TAIL_LENGTH; at += 1) {
    if (at === 3 || at === 8) {
      ascii[from + at] = HYPHEN;
      continue;
    }
    const bits = (random[digit >> 1]! >> (digit % 2 === 0 ? 4 : 0)) & 0xf;
    // The variant of RFC 9562 is in the first digit after the first hyphen.
    ascii[from + at] = DIGITS[at === 4 ? 0x8 | (bits & 0x3) : bits]!;
    digit += 1;
  }
}
