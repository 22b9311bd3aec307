// A terminal obeys control characters; format characters are invisible or turn the direction of writing; a line end makes one line
// look like two. The joiners stay: they only shape emoji and some scripts.
const UNPRINTABLE = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Any text as one line that can be printed. What is not harmless becomes an escape such as `\u001b`: it can be seen, and JSON
 * stays the same JSON.
 */
export function printable(text: string, maxLength: number = Number.POSITIVE_INFINITY): string {
  return text.slice(0, maxLength).replace(UNPRINTABLE, escapeUnits);
}

/** A name for a message. It may be very long, or not a string at all. */
export function shortName(name: string): string {
  return String(name).slice(0, 80);
}

function escapeUnits(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
