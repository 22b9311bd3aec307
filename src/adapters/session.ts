import { toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import { readCookie } from './cookies.js';
import { plainText } from './plain-text.js';

/** The cookies a session may be in. */
export interface SessionCookies {
  /** JSON, the session under `sid`. */
  readonly data: string;
  /** Where older versions of the browser SDK have it. */
  readonly session: string;
}

/** The session a browser is in, without the `sid_` prefix; `pinned` is the query's, which wins. */
export function readSession(
  cookies: string,
  names: SessionCookies,
  pinned: string | null | undefined,
): string | undefined {
  return (
    toSession(pinned) ??
    toSession(readSid(readCookie(cookies, names.data))) ??
    toSession(readCookie(cookies, names.session))
  );
}

function readSid(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return (JSON.parse(json) as { sid?: unknown } | null)?.sid;
  } catch {
    return undefined;
  }
}

function toSession(value: unknown): string | undefined {
  return plainText(toSid(value), MAX_ID_LENGTH);
}
