import { readCookie } from './cookies.js';
import { plainText } from './request-facts.js';

const MAX_VALUE_LENGTH = 1_000;

/** The fields we read from the browser SDK's JSON cookie. A browser can send any value. */
export interface SdkData {
  readonly sid?: unknown;
  readonly session_last_activity?: unknown;
  readonly session_count?: unknown;
  readonly fb_init?: unknown;
}

/** The content of the SDK's cookie `name`; empty if the cookie is missing or is not JSON. */
export function readSdkData(cookies: string, name: string): SdkData {
  const json = readCookie(cookies, name);
  if (json === undefined) return {};
  try {
    return (JSON.parse(json) as SdkData | null) ?? {};
  } catch {
    return {};
  }
}

/**
 * Adds the event properties that the browser SDK reads from cookies: `axwrt` from `_axwrt`, and `fbp` (stored as `fb_init`) and
 * `sessionCount` from its own cookie. Unlike the SDK, a server generates no missing `fbp`: it would be different on
 * each request.
 */
export function addCookieProperties(
  properties: Record<string, string | number>,
  cookies: string,
  { fb_init, session_count }: SdkData,
): void {
  const axwrt = plainText(readCookie(cookies, '_axwrt'), MAX_VALUE_LENGTH);
  if (axwrt !== undefined) properties.axwrt = axwrt;
  const fbp = plainText(fb_init, MAX_VALUE_LENGTH);
  if (fbp !== undefined) properties.fbp = fbp;
  if (Number.isSafeInteger(session_count)) properties.sessionCount = session_count as number;
}
