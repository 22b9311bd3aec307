import { checkSessionId, sidTime, toSid } from '../protocol/identity.js';
import { MAX_ID_LENGTH } from '../protocol/limits.js';
import type { KnownSession } from '../protocol/session.js';
import { plainText } from './request-facts.js';
import type { SdkData } from './sdk-cookies.js';
import { stateOf } from './session-end.js';

/** The cookies that may hold the session. */
export interface SessionCookies {
  /** JSON: the session under `sid`, and its last activity. */
  readonly data: string;
  /** Older versions of the browser SDK keep only the session, here. */
  readonly session: string;
}

/** A session in an address (`ours_session_id`). */
export interface PinnedSession {
  readonly session: string | null | undefined;
  /** Whether it may differ from the cookies' session. If not, it can only confirm that session. */
  readonly decides: boolean;
}

/** What a request says about its session. */
export interface SessionRequest {
  readonly data: SdkData;
  /** The session in the older SDKs' cookie. Called only if `data` has none. */
  readonly older: () => string | undefined;
  /** From the request's own address. */
  readonly pinned: PinnedSession | undefined;
  /** The page of this site that sent the request, with the session in its address. Called only if the cookies leave doubt. */
  readonly sender: () => { readonly pinned: PinnedSession | undefined } | undefined;
  /** The request's time in milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The browser's session, without the `sid_` prefix, by the browser SDK's rule. A session in a page's address does not end while
 * that page is open.
 */
export function readSession(request: SessionRequest): KnownSession {
  const { data } = request;
  const sessionId = toSession(data.sid) ?? toSession(request.older());
  const pinned = pinnedTo(request.pinned, sessionId);
  if (pinned !== undefined) return { session: 'active', sessionId: pinned };
  // A first visit, or a browser that stores no cookies.
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
