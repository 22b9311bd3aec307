import { MAX_SESSION_MS, SESSION_IDLE_MS } from '../protocol/limits.js';
import type { SessionState } from '../protocol/session.js';

/*
 * Whether a browser's session has ended. The browser decides that by its own clock, at the SDK's next call. A server has only
 * the two times that the browser wrote, and its own clock:
 *
 *   startedAt ------------ activeAt ------------ now
 *   |<------------------ age ------------------->|
 *                          |<------- idle ------>|
 *
 * A mistake in either direction costs a conversion. If an ended session is taken for an active one, the next session gets no
 * exposure. If an active one is taken for ended, a purchase gets no session. Therefore a session that may or may not have ended
 * is 'uncertain': events are stamped with it, and the exposure is recorded once more.
 */

/**
 * How far the browser's clock and ours may be apart. Devices that keep time by the network are right within a second, and nearly
 * all others within minutes. More than 5 minutes would make too many sessions uncertain: it is a sixth of the idle time.
 */
const TOLERANCE_MS = 5 * 60_000;
/** The SDK writes the last activity at most this often, so the session may have been active for that much longer. */
const ACTIVITY_RESOLUTION_MS = 30_000;

/** What the browser wrote about its session, in milliseconds since the epoch by its own clock. */
export interface SessionTimes {
  readonly startedAt: number;
  /** @default the start */
  readonly activeAt: number | undefined;
}

/**
 * Whether a session lasts, as far as can be told; one without times has ended, as in the browser.
 * @param isSentByPage whether a page of this site sent the request
 */
export function stateOf(times: SessionTimes | undefined, now: number, isSentByPage: boolean): SessionState {
  if (times === undefined) return 'ended';
  const ageMs = now - times.startedAt;
  const idleMs = now - (times.activeAt ?? times.startedAt);
  // Times in the future show a fast clock, and then nobody knows for how long the browser has been idle.
  if (Math.min(idleMs, ageMs) < -TOLERANCE_MS) return 'uncertain';
  const overdueMs = Math.max(idleMs - SESSION_IDLE_MS, ageMs - MAX_SESSION_MS);
  if (overdueMs <= -TOLERANCE_MS) return 'active';
  if (overdueMs <= TOLERANCE_MS + ACTIVITY_RESOLUTION_MS) return 'uncertain';
  // The SDK notes activity whenever a page loads. Either the sending page has been open for longer than any session lasts, and
  // still shows that session's variant, or the browser's clock is slow by hours.
  return isSentByPage && idleMs > MAX_SESSION_MS ? 'uncertain' : 'ended';
}
