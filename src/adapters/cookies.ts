import { decodeComponent } from '../core/decode-component.js';

/** How much of a `Cookie` header is read, in UTF-16 code units. By default, servers reject headers of more than 8 or 16 KiB. */
const MAX_HEADER_LENGTH = 64 * 1024;
/** Browsers store no cookie whose name and value are longer (RFC 6265bis). */
const MAX_VALUE_LENGTH = 4_096;
/** A browser has at most one cookie of a name for each path and domain; an attacker can send thousands that do not decode. */
const MAX_OF_ONE_NAME = 4;
const LONE_PERCENT = /%(?![\da-f]{2})/gi;

/**
 * The decoded value of a cookie, as the browser SDK (js-cookie) reads it: surrounding quotes are removed, a lone `%` stays, and
 * the first cookie of that name that decodes wins. Browsers send the one with the longest path first (RFC 6265, 5.4).
 */
export function readCookie(header: string, name: string): string | undefined {
  const text = truncate(header);
  const begin = `${name}=`;
  let left = MAX_OF_ONE_NAME;
  for (let at = text.indexOf(begin); at >= 0 && left > 0; at = text.indexOf(begin, at + 1)) {
    if (!startsPair(text, at)) continue;
    left -= 1;
    const end = text.indexOf(';', at);
    const value = decode(text.slice(at + begin.length, end < 0 ? undefined : end).trim());
    if (value) return value;
  }
  return undefined;
}

/** Whether only spaces are between `at` and the `;` before it. */
function startsPair(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === ' ') before -= 1;
  return before < 0 || text[before] === ';';
}

/** Cuts before a cookie, never inside one: half an id is a different id. */
function truncate(header: string): string {
  if (header.length <= MAX_HEADER_LENGTH) return header;
  return header.slice(0, Math.max(0, header.lastIndexOf(';', MAX_HEADER_LENGTH)));
}

function decode(text: string): string | undefined {
  if (text.length > MAX_VALUE_LENGTH) return undefined;
  const value = text.startsWith('"') ? text.slice(1, -1) : text;
  if (!value.includes('%')) return value;
  // Hardly any cookie has a lone `%`, and looking for one takes as long as decoding.
  return decodeComponent(value) ?? decodeComponent(value.replace(LONE_PERCENT, '%25'));
}
