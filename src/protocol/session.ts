import { toSid } from './identity.js';

/**
 * The visitor's session, as far as is known.
 *
 * - `active`: the browser is in it.
 * - `uncertain`: it may have ended, because it is within 5 minutes of its end or the browser's clock is wrong. Events are stamped
 *   with it; an exposure is recorded once more in case another session follows.
 * - `ended`: the browser starts another one at its next event. Nothing is stamped with the ended one.
 * - `unknown`: there is none: a first visit, a browser without cookies, or a server's own event.
 */
export type SessionState = 'active' | 'uncertain' | 'ended' | 'unknown';

/** A session, with its state. */
export interface KnownSession {
  readonly session: SessionState;
  /** `undefined` unless events may be stamped with it. */
  readonly sessionId: string | undefined;
}

/** The session that was given, perhaps without its state. */
export function sessionOf(given: {
  readonly session?: SessionState | undefined;
  readonly sessionId?: string | undefined;
}): KnownSession {
  const session = given.session ?? (toSid(given.sessionId) === undefined ? 'unknown' : 'active');
  const mayLast = session === 'active' || session === 'uncertain';
  return { session, sessionId: mayLast ? given.sessionId : undefined };
}
