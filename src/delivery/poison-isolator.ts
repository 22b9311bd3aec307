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
const MAX_BAD_CROWD_MS = 60 * 60_000;

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
  forget(entries: readonly Entry[]): void;
  /** Which of all failed requests was the last one with this event, counted from 1; 0 if none was. */
  lastFailure(entry: Entry): number;
  isSuspect(entry: Entry): boolean;
  /** Cuts a batch of suspects, the least suspected first. Suspected identifies each go alone, in their order. */
  isolate(batch: Batch, maxRows: number): Batch[];
  /** Cuts a batch of suspects that failed, down to the next level. */
  divide(batch: Batch): Batch[];
  /** Milliseconds until a failed batch should come back. */
  retryDelayMs(entries: readonly Entry[]): number;
}

export function createPoisonIsolator(random: () => number): PoisonIsolator {
  const known = new Map<string, Trouble>();
  const taken = { track: 0, identify: 0 };
  let failedRequests = 0;
  /** How long trying each event that has failed alone takes, all together. */
  let aloneMs = 0;
  /** Events that have failed alone so often that they are bad. */
  let bad = 0;

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
      spent: 0,
    };
    known.set(entry.distinctId, added);
    return added;
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
      trouble.solo += 1;
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

    forget(entries) {
      if (known.size > 0) for (const { distinctId } of entries) drop(distinctId);
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
      const { solo = 0, spent = 0, tookMs = 0 } = (entries.length === 1 && first && troubleOf(first)) || {};
      const backoff =
        solo > 0
          ? soloBackoffMs(Math.max(solo, spent), random)
          : backoffMs(Math.max(1, ...entries.map(levelOf)), random);
      // What is in trouble together comes back spread out.
      const busyMs = solo > 0 && tookMs >= SLOW_MS ? aloneMs * FREE_FACTOR : 0;
      const crowdMs =
        solo >= BAD_FROM
          ? Math.min(Math.max(bad * BAD_CROWD_MS, busyMs), MAX_BAD_CROWD_MS)
          : Math.max(Math.min(known.size * CROWD_MS, MAX_CROWD_MS), busyMs);
      return Math.max(backoff, crowdMs * (1 + random()));
    },
  };
}
