import { MAX_SESSION_MS, SESSION_IDLE_MS } from '../protocol/limits.js';
import type { SessionState } from '../protocol/session.js';

/*
 * Whether a browser's session has ended. The browser decides this by its own clock, at the SDK's next call. A server only has the
 * two times that the browser stored, and its own clock:
 *
 *   startedAt ------------ activeAt ------------ now
 *   |<------------------ age ------------------->|
 *                          |<------- idle ------>|
 *
 * An error in either direction costs a conversion. If an ended session is taken as active, the next session gets no exposure. If
 * an active one is taken as ended, a purchase gets no session. A session that may have ended is therefore 'uncertain': events
 * carry it, and the exposure is recorded again.
 */

/**
 * How far the browser's clock and ours may differ. Devices with network time are accurate to a second, and nearly all others to
 * minutes. More than 5 minutes, a sixth of the idle time, would make too many sessions uncertain.
 */
const TOLERANCE_MS = 5 * 60_000;
/** The SDK stores the last activity at most this often, so the session may have been active for that much longer. */
const ACTIVITY_RESOLUTION_MS = 30_000;

/** What the browser stored about its session, in milliseconds since the epoch by its own clock. */
export interface SessionTimes {
  readonly startedAt: number;
  /** @default the start */
  readonly activeAt: number | undefined;
}

/**
 * The state of a session; one without times has ended, as in the browser.
 * @param isSentByPage whether a page of this site sent the request
 */
export function stateOf(times: SessionTimes | undefined, now: number, isSentByPage: boolean): SessionState {
  if (times === undefined) return 'ended';
  const ageMs = now - times.startedAt;
  const idleMs = now - (times.activeAt ?? times.startedAt);
  // A time in the future means that the browser's clock is fast: its idle time is unknown.
  if (Math.min(idleMs, ageMs) < -TOLERANCE_MS) return 'uncertain';
  const overdueMs = Math.max(idleMs - SESSION_IDLE_MS, ageMs - MAX_SESSION_MS);
  if (overdueMs <= -TOLERANCE_MS) return 'active';
  if (overdueMs <= TOLERANCE_MS + ACTIVITY_RESOLUTION_MS) return 'uncertain';
  // The SDK stores the activity on each page load. Either the page has been open for longer than any session and still shows that
  // session's variant, or the browser's clock is slow by hours.
  return isSentByPage && idleMs > MAX_SESSION_MS ? 'uncertain' : 'ended';
}
