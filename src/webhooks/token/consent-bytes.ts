import type { Consent } from '../../protocol/event.js';

// One byte for each purpose: two bits for its value, six for its name. Then the name, unless it is a common one, and the value,
// if it is a string.

/**
 * By their place. Tokens in metadata of subscriptions hold the places: never reorder. The list is full, because 48 lengths and 16
 * places fill the six bits: another common purpose needs a new layout of the token.
 */
const COMMON_PURPOSES: readonly string[] = [
  'analytics',
  'marketing',
  'functional',
  'necessary',
  'preferences',
  'statistics',
  'personalization',
  'advertising',
  'performance',
  'targeting',
  'ad_storage',
  'ad_user_data',
  'ad_personalization',
  'analytics_storage',
  'functionality_storage',
  'security_storage',
];
/** The six bits are a length below this, and a place in the list from this on. */
const FIRST_COMMON = 48;
const MAX_VALUE_BYTES = 255;

/** By their two bits. */
const VALUES: readonly unknown[] = [false, true, null];
const STRING = 3;

/** `undefined` if a name or a value is too long. Purposes without a value say nothing and are left out, as in JSON. */
export function writeConsent(consent: Consent): number[] | undefined {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const [purpose, value] of Object.entries(consent)) {
    if (value === undefined) continue;
    const place = COMMON_PURPOSES.indexOf(purpose);
    const name = place < 0 ? encoder.encode(purpose) : [];
    const text = typeof value === 'string' ? encoder.encode(value) : undefined;
    if (name.length >= FIRST_COMMON || (text?.length ?? 0) > MAX_VALUE_BYTES) return undefined;
    const kind = text === undefined ? VALUES.indexOf(value) : STRING;
    bytes.push((kind << 6) | (place < 0 ? name.length : FIRST_COMMON + place), ...name);
    if (text !== undefined) bytes.push(text.length, ...text);
  }
  return bytes;
}

/** Reads what {@link writeConsent} wrote. */
export function readConsent(bytes: Uint8Array): Consent {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let at = 0;
  const take = (length: number): string => {
    at += length;
    return decoder.decode(bytes.subarray(at - length, at));
  };
  const purposes: [string, unknown][] = [];
  while (at < bytes.length) {
    const head = bytes[at++]!;
    const kind = head >> 6;
    const named = head & 0x3f;
    const purpose = named < FIRST_COMMON ? take(named) : (COMMON_PURPOSES[named - FIRST_COMMON] ?? '');
    purposes.push([purpose, kind === STRING ? take(bytes[at++]!) : VALUES[kind]]);
  }
  return Object.fromEntries(purposes) as Consent;
}
