import { readCookie } from './cookies.js';
import { plainText } from './plain-text.js';
import { readSdkData } from './sdk-cookie.js';

const MAX_VALUE_LENGTH = 1_000;

/**
 * What the browser SDK reads from cookies for every event: `axwrt` from `_axwrt`, and from its own cookie (JSON, named
 * `dataCookie`) `fbp`, kept as `fb_init`, and `sessionCount`. Unlike the SDK, a server makes no `fbp` where there is none: each
 * request would have another one.
 */
export function cookieProperties(cookies: string, dataCookie: string): Record<string, string | number> {
  const properties: Record<string, string | number> = {};
  const axwrt = plainText(readCookie(cookies, '_axwrt'), MAX_VALUE_LENGTH);
  if (axwrt !== undefined) properties.axwrt = axwrt;
  const { fb_init, session_count } = readSdkData(cookies, dataCookie);
  const fbp = plainText(fb_init, MAX_VALUE_LENGTH);
  if (fbp !== undefined) properties.fbp = fbp;
  if (Number.isSafeInteger(session_count)) properties.sessionCount = session_count as number;
  return properties;
}
