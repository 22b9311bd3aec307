import { plainText } from './request-facts.js';

/** The parts of an http(s) address that are read, as `URL` has them. */
export type Address = Pick<URL, 'href' | 'origin' | 'host' | 'hostname' | 'pathname' | 'search'>;

/** The longest address to read, in UTF-16 code units; Node limits all headers together to 16 KiB. */
const MAX_LENGTH = 8_192;

/**
 * An address that `URL` leaves as it is, as nearly all are: no user, no fragment, and nothing that `URL` would encode. Its host
 * ends with a name, because a number makes it an IPv4 address, and has no `--`, which punycode needs. Its port is none that could
 * be left out, and no part of its path could be `.` or `..`.
 */
const ORDINARY =
  /^(https?:\/\/(((?:[a-z\d](?:-?[a-z\d])*\.)*[a-z](?:-?[a-z\d])*)(?::[1-9]\d{3})?))((?:\/(?![.%])[\w\-.~!$&'()*+,;=:@%]*)+)(\?[\w\-.~!$&()*+,;=:@%/?[\]]+)?$/;

/** Reads an http(s) address, without credentials and fragment. */
export function readUrl(text: string | null | undefined): Address | undefined {
  if (!text || text.length > MAX_LENGTH) return undefined;
  const parts = ORDINARY.exec(text);
  // `URL` takes twice as long.
  if (parts === null) return parse(text);
  return {
    href: text,
    origin: parts[1]!,
    host: parts[2]!,
    hostname: parts[3]!,
    pathname: parts[4]!,
    search: parts[5] ?? '',
  };
}

function parse(text: string): Address | undefined {
  const url = plainText(text, MAX_LENGTH) && toUrl(text);
  if (!url) return undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  // Setting them is slow, and hardly any address has one.
  if (url.username !== '') url.username = '';
  if (url.password !== '') url.password = '';
  if (text.includes('#')) url.hash = '';
  return url;
}

function toUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
