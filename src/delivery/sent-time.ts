import type { Entry } from '../protocol/event.js';
import { type ClockReading, isTimely, isTooOld } from '../protocol/time.js';

/*
 * What the clocks mean for an event that waits:
 *
 * - A time that this client stamped with a clock known to have been wrong is sent as what the right clock showed then.
 * - A time that the service would refuse, but that is timely by this machine's clock, is taken to be by that clock. It is sent
 *   as the same age by the service's.
 * - Any other time ahead of the service's clock is sent as the service's now.
 * - All other times are sent as they are, in every attempt.
 * - An event that was put behind an assignment waits until its time is past, at most 2.5 s.
 * - An event is given up as too old only by a confirmed clock of the service.
 * - A refused event is sent again until its time was within the service's seven days for certain.
 */

/** Servers behind one address differ this much: a time must lie so far back to be in the past for all of them. */
const MARGIN_MS = 500;
/** How far an offset may drift while it is in use. */
const DRIFT_MS = 1_000;
/** How long a refused event waits for its time to be past, and for the next answer while the clock is disputed. */
const MAX_WAIT_MS = 2_000;
/** How long an event is held until its time is past for certain: `assignment/exposure-times.ts` puts none further ahead. */
const MAX_HELD_MS = 2_500;
/** How often an event goes again because of its time; two answers settle a dispute. */
const MAX_RESENDS = 8;
/** [A] The service's messages are unpublished; one about the time is taken to say so. */
const NAMES_TIME = /time|date|clock|future/i;
/** Far more than are refused at a time. */
const MAX_KNOWN = 10_000;

/** The time an event is sent with, in milliseconds since the epoch. */
export function sentTime({ time, owner }: Entry, clock: ClockReading): number {
  const { monotonic, local, service, earliest, latest, state } = clock;
  if (state === 'unchecked') return time;
  const spans = clock.spans.length > 0 && clock.isOwn(owner) ? clock.spans : [];
  const isAhead = time > latest;
  const isRefused = isAhead || isTooOld(time, latest);
  if (!isRefused && spans.length === 0) return time;
  // An offset drifts while it is in use.
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
  return clock.state === 'confirmed' && isPastAge(entry, clock);
}

/** Whether a refused event was too old for the service, as far as its clock is known. */
export function isPastAge(entry: Entry, clock: ClockReading): boolean {
  return entry.kind === 'track' && isTooOld(sentTime(entry, clock), clock.earliest);
}

/** A refusal, with what is needed to tell whether a clock is the reason. */
export interface Refused {
  /** Read before the request. */
  readonly sent: ClockReading;
  /** Read after its answer. */
  readonly now: ClockReading;
  /** What the service said. */
  readonly message: string;
}

/** Keeps count of the events that a clock may have had refused. */
export interface Resends {
  /** In how many milliseconds a refused event should go again; `undefined` if no clock can be the reason. */
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
  if (entry.kind === 'identify' || now.state === 'unchecked') return undefined;
  const before = sentTime(entry, sent);
  const after = sentTime(entry, now);
  const wasPast = before <= now.earliest - (now.monotonic - sent.monotonic) - MARGIN_MS;
  const wasYoung = !isTooOld(before, now.latest);
  const isDisputed = now.state === 'disputed';
  if (wasPast && wasYoung && !isDisputed) return undefined;
  const movedMs = Math.abs(after - before);
  if (movedMs > MARGIN_MS) return 0;
  if (isDisputed) return MAX_WAIT_MS;
  // Its time may have been ahead by less than can be measured. Once it is past for certain, a refusal is final.
  if (wasPast || (movedMs === 0 && !NAMES_TIME.test(message))) return undefined;
  return Math.min(Math.max(0, after - now.earliest + MARGIN_MS), MAX_WAIT_MS);
}
