import type { Entry } from '../protocol/event.js';
import { type ClockReading, isTimely, isTooOld } from '../protocol/time.js';

/*
 * How clocks affect the time of a waiting event:
 *
 * - A time that this client stamped by a wrong clock is corrected to what the right clock showed then.
 * - A time that the service would refuse, but that is valid by this machine's clock, is taken as a time of that clock. It is
 *   sent as the same age by the service's clock.
 * - Any other time ahead of the service's clock is sent as the service's current time.
 * - All other times are sent unchanged, in every attempt.
 * - An event that was stamped after an assignment waits until its time is past, at most 2.5 s.
 * - An event is dropped as too old only by a confirmed clock of the service.
 * - A refused event is retried until its time was certainly within the service's seven days.
 */

/** The clocks of servers behind one address differ by this much. An older time is in the past for all of them. */
const MARGIN_MS = 500;
/** How far an offset may drift while it is in use. */
const DRIFT_MS = 1_000;
/** How long a refused event waits for its time to be past, and for the next answer while the clock is disputed. */
const MAX_WAIT_MS = 2_000;
/** How long an event is held until its time is certainly past: `assignment/exposure-times.ts` stamps none further ahead. */
const MAX_HELD_MS = 2_500;
/** How often an event is retried because of its time. Two responses settle a dispute. */
const MAX_RESENDS = 8;
/** [A] The service's messages are unpublished. One about the time is assumed to contain these words. */
const NAMES_TIME = /time|date|clock|future|\bold/i;
/** Far more than are ever refused at once. */
const MAX_KNOWN = 10_000;

/** The time that is sent with an event, in milliseconds since the epoch. */
export function sentTime({ time, owner }: Entry, clock: ClockReading): number {
  const { monotonic, local, service, earliest, latest, state } = clock;
  if (state === 'unchecked') return time;
  const spans = clock.spans.length > 0 && clock.isOwn(owner) ? clock.spans : [];
  const isAhead = time > latest;
  const isRefused = isAhead || isTooOld(time, latest);
  if (!isRefused && spans.length === 0) return time;
  // An offset drifts during use.
  const slackMs = isRefused ? DRIFT_MS : 1;
  const span = spans.findLast(
    ({ from, until, offset, isDoubtful }) =>
      time - offset >= from - slackMs &&
      time - offset <= until + slackMs &&
      (isRefused || (!isDoubtful && offset < earliest - monotonic)),
  );
  if (span !== undefined) return Math.trunc(time - span.offset + service - monotonic);
  if (isRefused && isTimely(time, local)) return Math.trunc(time - local + service);
  return isAhead ? Math.trunc(earliest - MARGIN_MS) : time;
}

/**
 * By how many milliseconds an event may be ahead of the service's clock because it was put behind an assignment; 0 for one that
 * may be sent. What is further ahead has another reason. From a store that forgets why, the best guess of the clock decides.
 * An identify is sent without a time: held because of a clock that was fast, it would be overtaken by the events it precedes.
 */
export function aheadMs({ kind, time, mayBeAhead }: Entry, { service, earliest }: ClockReading): number {
  if (kind === 'identify') return 0;
  const ms = Math.ceil(time - (mayBeAhead ? Math.max(earliest, service - MAX_HELD_MS) : service));
  return ms > 0 && ms <= MAX_HELD_MS ? ms : 0;
}

/** Whether to give an event up: the service would refuse it, and its clock is confirmed. */
export function isExpired(entry: Entry, clock: ClockReading): boolean {
  return clock.state === 'confirmed' && entry.kind === 'track' && isTooOld(sentTime(entry, clock), clock.earliest);
}

/** Whether an event that the service refused with this message was too old, as far as the clock tells. */
export function isRefusedForAge(entry: Entry, message: string, clock: ClockReading): boolean {
  if (clock.state === 'unchecked' || entry.kind !== 'track') return false;
  // Within the clock's uncertainty, the service's own word decides.
  return isTooOld(sentTime(entry, clock), NAMES_TIME.test(message) ? clock.latest : clock.earliest);
}

/** A refusal, with the clocks that may be its reason. */
export interface Refused {
  /** Read before the request. */
  readonly sent: ClockReading;
  /** Read after its answer. */
  readonly now: ClockReading;
  /** What the service said. */
  readonly message: string;
}

/** Counts the retries of events that may have been refused because of a clock. */
export interface Resends {
  /** Milliseconds until a refused event should be retried; `undefined` if no clock can be the reason. */
  inMs(entry: Entry, refusal: Refused): number | undefined;
  /** Forgets events that are settled. */
  forget(entries: readonly Entry[]): void;
}

export function createResends(): Resends {
  const counts = new Map<string, number>();
  return {
    inMs(entry, refusal) {
      const waitMs = resendInMs(entry, refusal);
      if (waitMs === undefined) return undefined;
      if (counts.size > MAX_KNOWN) counts.clear();
      const count = (counts.get(entry.distinctId) ?? 0) + 1;
      counts.set(entry.distinctId, count);
      return count <= MAX_RESENDS ? waitMs : undefined;
    },
    forget(entries) {
      if (counts.size > 0) for (const { distinctId } of entries) counts.delete(distinctId);
    },
  };
}

function resendInMs(entry: Entry, { sent, now, message }: Refused): number | undefined {
  if (entry.kind === 'identify') return undefined;
  // This answer told no time. The next one probably will; until then, nobody knows whose clock was wrong.
  if (now.state === 'unchecked') return NAMES_TIME.test(message) ? MAX_WAIT_MS : undefined;
  const before = sentTime(entry, sent);
  const after = sentTime(entry, now);
  const wasPast = before <= now.earliest - (now.monotonic - sent.monotonic) - MARGIN_MS;
  const wasYoung = !isTooOld(before, now.latest);
  const isDisputed = now.state === 'disputed';
  if (wasPast && wasYoung && !isDisputed) return undefined;
  const movedMs = Math.abs(after - before);
  if (movedMs > MARGIN_MS) return 0;
  if (isDisputed) return MAX_WAIT_MS;
  // Its time may have been slightly ahead. Once the time is certainly past, a refusal is final.
  if (wasPast || (movedMs === 0 && !NAMES_TIME.test(message))) return undefined;
  return Math.min(Math.max(0, after - now.earliest + MARGIN_MS), MAX_WAIT_MS);
}
