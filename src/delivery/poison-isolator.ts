import type { Entry } from '../protocol/event.js';
import { backoffMs, soloBackoffMs } from './backoff.js';
import { type Batch, cut } from './batch.js';
import { SLOW_MS } from './retrying-transport.js';

/** With each level of suspicion an event's requests are so many times smaller. */
const SHRINK = 10;
/** More than a memory outbox holds. Beyond it the oldest history is forgotten and its event starts again as a clean one. */
const MAX_KNOWN = 100_000;
/** A level at which every event travels alone. */
const ALONE = 10;
/** An event that failed alone so often, while the service took others, is taken to be bad and not unlucky. */
const BAD_FROM = 3;
/** Events in trouble come back more slowly the more there are of them: milliseconds for each. */
const CROWD_MS = 2;
const MAX_CROWD_MS = 10_000;
/** Likewise for bad events: with so many milliseconds for each, any number of them makes at most four requests a second. */
const BAD_CROWD_MS = 250;
/** Events that fail alone and slowly leave the senders free for this many times as long as all of them together take. */
const FREE_FACTOR = 4;
const MAX_TURN_MS = 60 * 60_000;
/** Of a longer wait for a turn so many parts pass until it is looked at again, within limits: the service may have recovered. */
const LOOKS_A_TURN = 10;
const MIN_LOOK_MS = 30_000;
const MAX_LOOK_MS = 2.5 * 60_000;
/** How much the end of one try changes the share of tries that fail. */
const SHARE_STEP = 0.1;

interface Trouble {
  /** Which of all failures was its last one, counted from 1. */
  lastFailure: number;
  /** How strongly it is suspected: failures after or during which the service took something else. */
  level: number;
  /** By how much the level rises once the service takes something else. */
  pending: number;
  /** What the service had taken when it last failed. */
  successes: number;
  /** Failures of this event alone, likewise. */
  solo: number;
  /** How long its last failure took. */
  tookMs: number;
  /** When it last failed alone, by the monotonic clock. */
  failedAt: number;
  /** Retries it has used up: failures alone that were the service's own, and failures of its row. */
  spent: number;
}

/** How a request failed. */
export interface Failure {
  /** What {@link PoisonIsolator.successes} said when it was sent. */
  readonly successesBefore: number;
  /** Whether it left the circuit breaker open: an outage may explain it, and it takes another failure to count. */
  readonly isExcused: boolean;
  readonly tookMs: number;
}

/**
 * Tells bad events from a bad service, and keeps bad events from holding up good ones.
 *
 *   clean       ──a request with it fails──▶ watched
 *   watched     ──the service takes something else──▶ suspect of level 1
 *   suspect (n) ──a request with it fails──▶ watched, on the way to suspect (n + 1)
 *   any         ──it is settled──▶ forgotten
 *
 * A failure that leaves the circuit breaker open counts only once another follows, with something taken in between.
 * A failure that took long counts for all levels at once: trying each event alone costs less than another such failure.
 *
 * A suspect of level n travels in requests of at most maxRows / SHRINK^n events, so with flushAt 100 its third failure finds
 * it alone. What counts against a single event is counted only while the service takes others: an outage makes a few suspects
 * but condemns none. One that has failed alone BAD_FROM times is bad. Suspects wait longer the more there are, and bad events
 * longer still, so that their retries never crowd out good ones.
 *
 * A long spell of random failures condemns good events too. So an event that failed alone waits for its turn, and when that
 * comes follows from how the others' tries end: as they begin to pass, all turns come sooner.
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
   * This very event failed, while the service takes others.
   * @param isSpent whether that costs it one of its retries
   * @returns how many it has spent
   */
  recordSoloFailure(entry: Entry, isSpent: boolean): number;
  /** The service named this event's row as failed, next to rows it took. Returns how many retries that makes. */
  recordRowFailure(entry: Entry): number;
  /** What the service has taken so far that is evidence against an event of this kind. */
  successes(kind: Entry['kind']): number;
  /** Forgets events that are settled. @param wereTaken whether the service took them */
  forget(entries: readonly Entry[], wereTaken: boolean): void;
  /** Which of all failed requests was the last one with this event, counted from 1; 0 if none was. */
  lastFailure(entry: Entry): number;
  isSuspect(entry: Entry): boolean;
  /** Cuts a batch of suspects, the least suspected first. Suspected identifies each go alone, in their order. */
  isolate(batch: Batch, maxRows: number): Batch[];
  /** Cuts a batch of suspects that failed, down to the next level. */
  divide(batch: Batch): Batch[];
  /** Milliseconds until a failed batch should come back. The turn of a single event may be later than that. */
  retryDelayMs(entries: readonly Entry[]): number;
  /** Milliseconds until it should be looked at again whether it is this event's turn; 0 if it is. */
  turnInMs(entry: Entry): number;
}

export function createPoisonIsolator(random: () => number, monotonic: () => number): PoisonIsolator {
  const known = new Map<string, Trouble>();
  const taken = { track: 0, identify: 0 };
  let failedRequests = 0;
  /** How long trying each event that has failed alone takes, all together. */
  let aloneMs = 0;
  /** Events that have failed alone so often that they are bad. */
  let bad = 0;
  /** The share of the tries of events that have failed alone before which still fail. */
  let failingShare = 1;

  /**
   * An event is judged by its own kind, for one endpoint may be down while the other is not. An identify is judged by both:
   * it holds up its visitor's events, so it must come to an end even where no other person is identified.
   */
  const successes = (kind: Entry['kind']): number => (kind === 'track' ? taken.track : taken.track + taken.identify);

  const troubleOf = ({ distinctId }: Entry): Trouble | undefined =>
    // Nearly always there is none, and no id needs to be hashed to find that out.
    known.size === 0 ? undefined : known.get(distinctId);

  function levelOf(entry: Entry): number {
    const trouble = troubleOf(entry);
    if (trouble === undefined) return 0;
    return trouble.level + (successes(entry.kind) > trouble.successes ? trouble.pending : 0);
  }

  function watch(entry: Entry, successesBefore: number): Trouble {
    const trouble = troubleOf(entry);
    if (trouble !== undefined) return trouble;
    if (known.size >= MAX_KNOWN) drop(known.keys().next().value!);
    const added: Trouble = {
      lastFailure: 0,
      level: 0,
      pending: 0,
      successes: successesBefore,
      solo: 0,
      tookMs: 0,
      failedAt: 0,
      spent: 0,
    };
    known.set(entry.distinctId, added);
    return added;
  }

  /** How long after its last failure it is the turn of an event that failed alone. */
  function turnMs({ solo, tookMs }: Trouble): number {
    const busyMs = tookMs >= SLOW_MS ? aloneMs * FREE_FACTOR : 0;
    const crowdMs = solo >= BAD_FROM ? bad * BAD_CROWD_MS : Math.min(known.size * CROWD_MS, MAX_CROWD_MS);
    return Math.min(Math.max(crowdMs, busyMs), MAX_TURN_MS) * failingShare;
  }

  /** A part of a wait after which to look again. */
  function lookMs(waitMs: number): number {
    return Math.min(waitMs, MAX_LOOK_MS, Math.max(MIN_LOOK_MS, waitMs / LOOKS_A_TURN));
  }

  function drop(distinctId: string): void {
    const { solo = 0, tookMs = 0 } = known.get(distinctId) ?? {};
    if (solo > 0) aloneMs -= tookMs;
    if (solo >= BAD_FROM) bad -= 1;
    known.delete(distinctId);
  }

  return {
    get hasBad() {
      return bad > 0;
    },
    successes,

    recordSuccess(kind) {
      taken[kind] += 1;
    },

    recordFailure(entries, { successesBefore, isExcused, tookMs }) {
      const step = tookMs >= SLOW_MS ? ALONE : 1;
      let isProven = false;
      failedRequests += 1;
      for (const entry of entries) {
        const trouble = watch(entry, successesBefore);
        trouble.lastFailure = failedRequests;
        if (trouble.solo > 0) aloneMs += tookMs - trouble.tookMs;
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
      trouble.solo += 1;
      trouble.failedAt = monotonic();
      if (trouble.solo === 1) aloneMs += trouble.tookMs;
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

    isolate(batch, maxRows) {
      const { kind, entries } = batch;
      if (kind === 'identify') return cut(batch, 1);
      const levels = [...new Set(entries.map(levelOf))].sort((one, other) => one - other);
      return levels.flatMap((level) =>
        cut(
          { kind, entries: entries.filter((entry) => levelOf(entry) === level) },
          // Nothing is left of the division after some three hundred levels.
          Math.ceil(maxRows / SHRINK ** level) || 1,
        ),
      );
    },

    divide: (batch) => cut(batch, Math.ceil(batch.entries.length / SHRINK)),

    retryDelayMs(entries) {
      const [first] = entries;
      const alone = entries.length === 1 && first ? troubleOf(first) : undefined;
      if (alone !== undefined && alone.solo > 0) {
        // What is in trouble together comes back spread out.
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
