// Control characters affect a terminal, format characters are invisible or change the writing direction, and a line end forges a
// second line. Joiners stay: they only shape emoji and some scripts.
const UNPRINTABLE = /(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Makes a string one printable line. Harmful characters become escapes such as `\u001b`, which are visible and keep JSON valid.
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
