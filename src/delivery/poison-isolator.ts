import type { Entry } from '../protocol/event.js';
import { backoffMs, FREE_FACTOR, soloBackoffMs } from './backoff.js';
import { type Batch, cut } from './batch.js';
import { SLOW_MS } from './retrying-transport.js';

/** Each level divides the size of a suspect's requests by this. */
const SHRINK = 10;
/** More events than a memory outbox holds. Beyond this the oldest is forgotten, and is clean again. */
const MAX_KNOWN = 100_000;
/** A level at which every event is sent alone. */
const ALONE = 10;
/** An event that failed alone this often, while the service took others, is bad, not unlucky. */
const BAD_FROM = 3;
/** The delay of suspects grows by this many milliseconds for each suspect. */
const CROWD_MS = 2;
const MAX_CROWD_MS = 10_000;
/** The same for bad events: however many there are, they cause at most four requests a second. */
const BAD_CROWD_MS = 250;
const MAX_TURN_MS = 60 * 60_000;
/** A long wait for a turn is checked again after one of this many parts, within limits: the service may have recovered. */
const LOOKS_A_TURN = 10;
const MIN_LOOK_MS = 30_000;
const MAX_LOOK_MS = 2.5 * 60_000;
/** How much of the time between two failures of an event alone counts as time in which it failed. */
const MAX_GAP_MS = 15 * 60_000;
/**
 * An event that has not failed for this long while the service takes others is forgotten: another process may have settled it, or a
 * full queue dropped it. One that has used up retries is remembered longer: the more processes there are, the less often each of
 * them sees it.
 */
const FORGET_MS = 15 * 60_000;
const FORGET_SPENT_MS = 24 * 60 * 60_000;
const SWEEP_MS = 60_000;
/** How much the result of one try changes the share of tries that fail. */
const SHARE_STEP = 0.1;

interface Trouble {
  readonly kind: Entry['kind'];
  /** The number of its last failed request, counted from 1. */
  lastFailure: number;
  /** The level of suspicion: failures during or after which the service took something else. */
  level: number;
  /** How much the level rises once the service takes something else. */
  pending: number;
  /** How much the service had taken when it last failed. */
  successes: number;
  /** Failures of this event alone, counted the same way. */
  solo: number;
  /** How long its last failure took. */
  tookMs: number;
  /** For how long the service had taken events when it last failed. */
  failedAtUpMs: number;
  /** When it failed for the first time, by the monotonic clock. */
  readonly since: number;
  /** When it last failed alone. */
  failedAt: number;
  /** For how long it has failed alone. Of the time between two such failures, {@link MAX_GAP_MS} counts: the rest may be an outage. */
  badMs: number;
  /** Retries used up: failures alone that came from the service itself, and failures of its row. */
  spent: number;
}

/** How a request failed. */
export interface Failure {
  /** What {@link PoisonIsolator.successes} returned before it was sent. */
  readonly successesBefore: number;
  /** Whether it left the circuit breaker open: an outage may explain it, so it counts only once another failure follows. */
  readonly isExcused: boolean;
  readonly tookMs: number;
}

/**
 * Distinguishes bad events from a bad service, and keeps bad events from delaying good ones.
 *
 *   clean       ──a request with it fails──▶ watched
 *   watched     ──the service takes something else, during or after that request──▶ suspect (1)
 *   suspect (n) ──a request with it fails──▶ suspect (n), watched again
 *   suspect (n), watched ──the service takes something else, during or after that request──▶ suspect (n + 1)
 *   suspect (n) ──it fails alone BAD_FROM times, while the service takes others──▶ bad
 *   any         ──it is settled──▶ forgotten
 *   any         ──it has not failed for FORGET_MS, or MAX_KNOWN newer events are known──▶ clean
 *
 * A failure that leaves the circuit breaker open counts only once another failure follows, with something taken in between.
 * A slow failure raises the level by ALONE at once: trying each event alone costs less than another such failure.
 *
 * A suspect of level n is sent in requests of at most maxRows / SHRINK^n events, so with flushAt 100 it is alone from its third
 * failure on. Failures of a single event count only while the service takes others, so an outage makes a few suspects but no bad
 * events. Suspects wait longer the more of them there are, and bad events longer still, so that their retries never crowd out
 * good ones.
 *
 * A long period of random failures makes good events look bad, too. So an event that failed alone waits for its turn, which comes
 * sooner as the tries of other such events begin to succeed.
 */
export interface PoisonIsolator {
  /** Whether any event is known to be bad. */
  readonly hasBad: boolean;
  /** The service took events of this kind. */
  recordSuccess(kind: Entry['kind']): void;
  /**
   * A request with these events failed.
   * @returns whether the service failed on a single event although it has taken others since that event's last failure
   */
  recordFailure(entries: readonly Entry[], failure: Failure): boolean;
  /**
   * This event failed alone, while the service takes others.
   * @param isSpent whether that uses up one of its retries
   * @returns how many are used up
   */
  recordSoloFailure(entry: Entry, isSpent: boolean): number;
  /** The service reported this event's row as failed and took other rows. Returns how many retries are used up. */
  recordRowFailure(entry: Entry): number;
  /** How much the service has taken so far that counts as evidence against an event of this kind. */
  successes(kind: Entry['kind']): number;
  /** Forgets events that are settled. @param wereTaken whether the service took them */
  forget(entries: readonly Entry[], wereTaken: boolean): void;
  /** The number of the last failed request with this event, counted from 1; 0 if there was none. */
  lastFailure(entry: Entry): number;
  isSuspect(entry: Entry): boolean;
  /** Milliseconds since the event failed for the first time; 0 if it has not. */
  failingMs(entry: Entry): number;
  /** For how long a bad event has failed alone while the service took others, in milliseconds; 0 for one that is not bad. */
  badMs(entry: Entry): number;
  /** Divides a batch of suspects, the lowest level first. Suspected identifies are sent alone, in order. */
  isolate(batch: Batch, maxRows: number): Batch[];
  /** Divides a batch of suspects that failed, as for the next level. */
  divide(batch: Batch): Batch[];
  /** Milliseconds until a failed batch should come back. The turn of a single event may be later than that. */
  retryDelayMs(entries: readonly Entry[]): number;
  /** Milliseconds until this event's turn should be checked again; 0 if it is its turn. */
  turnInMs(entry: Entry): number;
}

export function createPoisonIsolator(random: () => number, monotonic: () => number): PoisonIsolator {
  const known = new Map<string, Trouble>();
  const taken = { track: 0, identify: 0 };
  let failedRequests = 0;
  /**
   * The total duration of the last failures of all events of a kind that have failed alone. An identify does not wait for the turns
   * of events: others wait for it.
   */
  const aloneMs = { track: 0, identify: 0 };
  /** The number of bad events. */
  let bad = 0;
  /** For how long the service has taken events. Of the time between two successes, {@link MAX_GAP_MS} counts. */
  let upMs = 0;
  let succeededAt = monotonic();
  let sweptAtUpMs = 0;
  /** Of the tries of events that have failed alone before, the share that still fails. */
  let failingShare = 1;

  /**
   * Only successes of the same kind count, because one endpoint may be down while the other works. For an identify both kinds
   * count: it delays its visitor's events, so it must be settled even if nobody else is identified.
   */
  const successes = (kind: Entry['kind']): number => (kind === 'track' ? taken.track : taken.track + taken.identify);

  const troubleOf = ({ distinctId }: Entry): Trouble | undefined =>
    // Usually there is none, and then no id has to be hashed.
    known.size === 0 ? undefined : known.get(distinctId);

  function levelOf(entry: Entry): number {
    const trouble = troubleOf(entry);
    if (trouble === undefined) return 0;
    return trouble.level + (successes(entry.kind) > trouble.successes ? trouble.pending : 0);
  }

  function watch(entry: Entry, successesBefore: number): Trouble {
    const trouble = troubleOf(entry);
    if (trouble !== undefined) {
      trouble.failedAtUpMs = upMs;
      return trouble;
    }
    if (known.size >= MAX_KNOWN) drop(known.keys().next().value!);
    const added: Trouble = {
      kind: entry.kind,
      lastFailure: 0,
      level: 0,
      pending: 0,
      successes: successesBefore,
      solo: 0,
      tookMs: 0,
      failedAtUpMs: upMs,
      since: monotonic(),
      failedAt: 0,
      badMs: 0,
      spent: 0,
    };
    known.set(entry.distinctId, added);
    return added;
  }

  /** How long after its last failure an event that failed alone gets its turn. */
  function turnMs({ kind, solo, tookMs }: Trouble): number {
    const busyMs = tookMs >= SLOW_MS ? aloneMs[kind] * FREE_FACTOR : 0;
    const crowdMs = solo >= BAD_FROM ? bad * BAD_CROWD_MS : Math.min(known.size * CROWD_MS, MAX_CROWD_MS);
    return Math.min(Math.max(crowdMs, busyMs), MAX_TURN_MS) * failingShare;
  }

  /** The part of a wait after which to check again. */
  function lookMs(waitMs: number): number {
    return Math.min(waitMs, MAX_LOOK_MS, Math.max(MIN_LOOK_MS, waitMs / LOOKS_A_TURN));
  }

  function drop(distinctId: string): void {
    const trouble = known.get(distinctId);
    if (trouble === undefined) return;
    if (trouble.solo > 0) aloneMs[trouble.kind] -= trouble.tookMs;
    if (trouble.solo >= BAD_FROM) bad -= 1;
    known.delete(distinctId);
  }

  function sweep(): void {
    sweptAtUpMs = upMs;
    for (const [distinctId, { solo, spent, failedAtUpMs }] of known) {
      if (upMs - failedAtUpMs > (solo > 0 || spent > 0 ? FORGET_SPENT_MS : FORGET_MS)) drop(distinctId);
    }
  }

  return {
    get hasBad() {
      return bad > 0;
    },
    successes,

    recordSuccess(kind) {
      taken[kind] += 1;
      const now = monotonic();
      upMs += Math.min(now - succeededAt, MAX_GAP_MS);
      succeededAt = now;
      if (upMs - sweptAtUpMs >= SWEEP_MS) sweep();
    },

    recordFailure(entries, { successesBefore, isExcused, tookMs }) {
      const step = tookMs >= SLOW_MS ? ALONE : 1;
      let isProven = false;
      failedRequests += 1;
      for (const entry of entries) {
        const trouble = watch(entry, successesBefore);
        trouble.lastFailure = failedRequests;
        if (trouble.solo > 0) aloneMs[entry.kind] += tookMs - trouble.tookMs;
        trouble.tookMs = tookMs;
        const now = successes(entry.kind);
        isProven = now > trouble.successes && entries.length === 1;
        if (now > trouble.successes) trouble.level += trouble.pending || step;
        trouble.pending = isExcused || now > successesBefore ? 0 : step;
        trouble.successes = now;
      }
      return isProven;
    },

    recordSoloFailure(entry, isSpent) {
      const trouble = watch(entry, successes(entry.kind));
      if (trouble.solo > 0) failingShare += (1 - failingShare) * SHARE_STEP;
      if (trouble.solo === 0) aloneMs[entry.kind] += trouble.tookMs;
      else trouble.badMs += Math.min(monotonic() - trouble.failedAt, MAX_GAP_MS);
      trouble.solo += 1;
      trouble.failedAt = monotonic();
      if (trouble.solo === BAD_FROM) bad += 1;
      if (isSpent) trouble.spent += 1;
      return trouble.spent;
    },

    recordRowFailure(entry) {
      const trouble = watch(entry, successes(entry.kind));
      trouble.spent += 1;
      return trouble.spent;
    },

    forget(entries, wereTaken) {
      if (known.size === 0) return;
      for (const { distinctId } of entries) {
        if (wereTaken && (known.get(distinctId)?.solo ?? 0) > 0) failingShare -= failingShare * SHARE_STEP;
        drop(distinctId);
      }
    },

    lastFailure: (entry) => troubleOf(entry)?.lastFailure ?? 0,
    isSuspect: (entry) => levelOf(entry) > 0,
    failingMs: (entry) => monotonic() - (troubleOf(entry)?.since ?? monotonic()),
    badMs(entry) {
      const { solo = 0, badMs = 0 } = troubleOf(entry) ?? {};
      return solo >= BAD_FROM ? badMs : 0;
    },

    isolate(batch, maxRows) {
      const { kind, entries } = batch;
      if (kind === 'identify') return cut(batch, 1);
      const levels = [...new Set(entries.map(levelOf))].sort((one, other) => one - other);
      return levels.flatMap((level) =>
        cut(
          { kind, entries: entries.filter((entry) => levelOf(entry) === level) },
          // The quotient becomes 0 after about three hundred levels.
          Math.ceil(maxRows / SHRINK ** level) || 1,
        ),
      );
    },

    divide: (batch) => cut(batch, Math.ceil(batch.entries.length / SHRINK)),

    retryDelayMs(entries) {
      const [first] = entries;
      const alone = entries.length === 1 && first ? troubleOf(first) : undefined;
      if (alone !== undefined && alone.solo > 0) {
        // Suspects come back spread out.
        const crowdMs = lookMs(turnMs(alone)) * (1 + random());
        return Math.max(soloBackoffMs(Math.max(alone.solo, alone.spent), random), crowdMs);
      }
      const backoff = backoffMs(Math.max(1, ...entries.map(levelOf)), random);
      return Math.max(backoff, Math.min(known.size * CROWD_MS, MAX_CROWD_MS) * (1 + random()));
    },

    turnInMs(entry) {
      const trouble = troubleOf(entry);
      if (trouble === undefined || trouble.solo === 0) return 0;
      return lookMs(Math.max(0, trouble.failedAt + turnMs(trouble) - monotonic()));
    },
  };
}
