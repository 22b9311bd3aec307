/** Ids are prepared this many at once: drawing random bytes costs as much as 50 ids, and decoding bytes as much as 5. */
const IDS_AT_ONCE = 512;
/** A process that needs few begins with these; each time twice as many. */
const FIRST_IDS = 8;
/** More than the 74 random bits of an id. */
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
let idsAtOnce = FIRST_IDS;
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
  const ascii = new Uint8Array(idsAtOnce * TAIL_LENGTH);
  writeTails(globalThis.crypto.getRandomValues(new Uint8Array(idsAtOnce * BYTES_EACH)), ascii);
  idsAtOnce = Math.min(2 * idsAtOnce, IDS_AT_ONCE);
  return new TextDecoder().decode(ascii);
}

/** On its own: V8 optimises a long loop in the middle of its first call, and everything around it with it. */
function writeTails(random: Uint8Array, ascii: Uint8Array): void {
  let digit = 0;
  for (let tail = 0; tail < ascii.length; tail += TAIL_LENGTH) {
    for (let at = 0; at < TAIL_LENGTH; at += 1) {
      if (at === 3 || at === 8) {
        ascii[tail + at] = HYPHEN;
        continue;
      }
      const bits = (random[digit >> 1]! >> (digit % 2 === 0 ? 4 : 0)) & 0xf;
      // The variant of RFC 9562 is in the first digit after the first hyphen.
      ascii[tail + at] = DIGITS[at === 4 ? 0x8 | (bits & 0x3) : bits]!;
      digit += 1;
    }
  }
}
