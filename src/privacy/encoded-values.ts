import { findPersonal } from './personal-values.js';

/** What addresses encode. */
const ENCODED = /[%+]/;
const PATH_SEGMENT = /[^/]+/g;
/** A value may contain `=`, a name cannot. */
const PARAMETER_VALUE_OR_NAME = /(?<==)[^&]+|[^?&=]+/g;
/** An address inside an address is encoded twice. The limit keeps the time in proportion to the text. */
const MAX_LEVELS = 3;

/**
 * Replaces each path segment, parameter name and parameter value in which decoding shows a personal value. All of it, because a
 * match in the decoded text has no place in the encoded one.
 */
export function replaceEncoded(text: string, replacement: string): string {
  if (!ENCODED.test(text)) return text;
  const clean = (piece: string) => (hidesPersonal(piece) ? replacement : piece);
  const at = text.indexOf('?');
  if (at < 0) return text.replace(PATH_SEGMENT, clean);
  return text.slice(0, at).replace(PATH_SEGMENT, clean) + text.slice(at).replace(PARAMETER_VALUE_OR_NAME, clean);
}

function hidesPersonal(piece: string): boolean {
  let text = piece;
  for (let level = 0; level < MAX_LEVELS && ENCODED.test(text); level += 1) {
    const asForm = decode(text);
    if (findPersonal(asForm) !== undefined) return true;
    // A plus is a space only where a form wrote the address.
    if (text.includes('+') && findPersonal(decode(text.replaceAll('+', '%2B'))) !== undefined) return true;
    text = asForm;
  }
  return false;
}

/** Decodes like `URLSearchParams`, which leaves a bad encoding as it is: the rest of the text still counts. */
function decode(text: string): string {
  return new URLSearchParams(`=${text.replaceAll('&', '%26')}`).get('') ?? '';
}
