import { checkSessionId, sidTime, toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import type { KnownSession } from '../protocol/session.js';
import { readCookie } from './cookies.js';
import { plainText } from './plain-text.js';
import { readSdkData } from './sdk-cookie.js';
import { stateOf } from './session-end.js';

/** The cookies a session may be in. */
export interface SessionCookies {
  /** JSON: the session under `sid`, and when it was last active. */
  readonly data: string;
  /** Where older versions of the browser SDK keep the session alone. */
  readonly session: string;
}

/** A session that an address fixes. */
export interface PinnedSession {
  readonly session: string | null | undefined;
  /** Whether it may be another one than the cookies hold. If not, it only tells that theirs does not end. */
  readonly decides: boolean;
}

/** What a request says about its session besides the cookies. */
export interface SessionRequest {
  /** What the request's own address fixes. */
  readonly pinned: PinnedSession | undefined;
  /** The page of this site that sent the request. Asked only when the cookies leave a doubt. */
  readonly sender: () => SendingPage | undefined;
  /** The request's time in milliseconds since the epoch. */
  readonly now: number;
}

/** A page of this site in which the browser SDK has run. */
export interface SendingPage {
  /** What its address fixes. */
  readonly pinned: PinnedSession | undefined;
}

/** The session a browser is in, without the `sid_` prefix, by the browser SDK's own rule. A session that an address fixes never ends in that page. */
export function readSession(cookies: string, names: SessionCookies, request: SessionRequest): KnownSession {
  const data = readSdkData(cookies, names.data);
  const sessionId = toSession(data.sid) ?? toSession(readCookie(cookies, names.session));
  const pinned = pinnedTo(request.pinned, sessionId);
  if (pinned !== undefined) return { session: 'active', sessionId: pinned };
  // The browser has not been here before, or it keeps no cookies.
  if (sessionId === undefined) return { session: 'unknown', sessionId };
  const startedAt = sidTime(sessionId);
  const times = startedAt === undefined ? undefined : { startedAt, activeAt: toTime(data.session_last_activity) };
  const session = stateOf(times, request.now, false);
  if (session === 'active') return { session, sessionId };

  const sender = request.sender();
  const pinnedThere = pinnedTo(sender?.pinned, sessionId);
  if (pinnedThere !== undefined) return { session: 'active', sessionId: pinnedThere };
  const final = stateOf(times, request.now, sender !== undefined);
  return { session: final, sessionId: final === 'ended' ? undefined : sessionId };
}

function pinnedTo(pinned: PinnedSession | undefined, known: string | undefined): string | undefined {
  const session = toSession(pinned?.session);
  return pinned?.decides || session === known ? session : undefined;
}

/** As the browser SDK reads it: a number, or a string that begins with one. */
function toTime(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Number.parseInt(value, 10) : value;
  return Number.isFinite(time) ? (time as number) : undefined;
}

function toSession(value: unknown): string | undefined {
  const sid = plainText(toSid(value), MAX_ID_LENGTH);
  return checkSessionId(sid) === undefined ? sid : undefined;
}
