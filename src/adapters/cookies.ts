/**
 * The most of a `Cookie` header that is read, in UTF-16 code units. Servers refuse headers from 8 or 16 KiB on unless they
 * are told otherwise; cookies behind this are not there.
 */
const MAX_HEADER_LENGTH = 64 * 1024;
/** No browser keeps a cookie whose name and value are longer (RFC 6265bis). */
const MAX_VALUE_LENGTH = 4_096;
/** A browser has one of a name for each path and domain; a stranger sends thousands that do not decode. */
const MAX_OF_ONE_NAME = 4;
const LONE_PERCENT = /%(?![\da-f]{2})/gi;

/**
 * A cookie's value, decoded, or `undefined`. As the browser SDK reads it (js-cookie): quotes around it do not belong to it,
 * a lone `%` stands for itself, and of a few cookies with one name the first counts whose value decodes. Browsers send the
 * one with the longest path first (RFC 6265, 5.4).
 */
export function readCookie(header: string, name: string): string | undefined {
  const text = whole(header);
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

/** Whether nothing but spaces is between `at` and the `;` before it. */
function startsPair(text: string, at: number): boolean {
  let before = at - 1;
  while (text[before] === ' ') before -= 1;
  return before < 0 || text[before] === ';';
}

/** The header's beginning, without the cookie that would be cut: half an id is another id. */
function whole(header: string): string {
  if (header.length <= MAX_HEADER_LENGTH) return header;
  return header.slice(0, Math.max(0, header.lastIndexOf(';', MAX_HEADER_LENGTH)));
}

function decode(text: string): string | undefined {
  if (text.length > MAX_VALUE_LENGTH) return undefined;
  const value = text.startsWith('"') ? text.slice(1, -1) : text;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value.replace(LONE_PERCENT, '%25'));
  } catch {
    return undefined;
  }
}
