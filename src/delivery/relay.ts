import { type Episodes, sentenceOf } from '../logger.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Outcome } from '../outcome.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import { later, sleep } from '../timers.js';
import { backoffMs } from './backoff.js';
import { type Batch, cut, frameBytes, toBatches, toRequest } from './batch.js';
import type { SkewedClock } from './clock.js';
import type { Gate } from './gate.js';
import { retrying } from './retrying-transport.js';
import { createResends, isExpired, isPastAge } from './sent-time.js';
import { createSetbacks } from './setbacks.js';
import type { Transport } from './transport.js';
import type { RowFailure } from './verdict.js';

/** Long enough for a batch with all its retries. */
const LEASE_MS = 5 * 60_000;
/**
 * How long the batches of one claim may go out, one after the other: the last one still ends, with all its retries, before
 * the lease does. After that another relay might send later words about a person before ours.
 */
const SEND_FOR_MS = 100_000;
/** How soon to look again into a shared outbox for what the identifies just delivered had stood in the way of. */
const LOOK_AGAIN_MS = 200;
/** How much later than the next probe an event comes back that is not to be that probe: timers are late. */
const PROBE_MARGIN = 1.2;
/** How soon to look again after the outbox itself has failed. */
const OUTBOX_PAUSE_MS = 1_000;
/** How soon to try again what was claimed when it failed; it may have been delivered. */
const OUTBOX_RETRY_MS = 10_000;

const TOO_OLD: Outcome = { status: 'dropped', reason: 'too_old' };
const EXHAUSTED: Outcome = { status: 'dropped', reason: 'retries_exhausted' };

export interface RelayOptions {
  readonly outbox: Outbox;
  /** Sends a request once. */
  readonly transport: Transport;
  readonly gate: Gate;
  readonly clock: SkewedClock;
  readonly token: string;
  readonly flushAt: number;
  readonly flushIntervalMs: number;
  readonly maxBatchBytes: number;
  readonly maxRetries: number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly episodes: Episodes;
  readonly onSettled: (entry: Entry, outcome: Outcome) => void;
}

/**
 * Moves entries from the outbox to the service: claim → batch → send → settle.
 *
 * A sender starts when a batch is full, when the flush interval has passed or when somebody waits, as far as the gate
 * lets it; it takes one claim and ends. Nothing here rejects: what cannot be delivered now goes back to the outbox.
 */
export interface Relay {
  /** Tells that entries were appended. */
  notify(count: number): void;
  /** Sends what there is without waiting for more. */
  hurry(): void;
  /**
   * Claims nothing more, and gives the requests under way `graceMs` to end; resolves when the entries of those that did not
   * are back in the outbox.
   */
  stop(graceMs: number): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { outbox, gate, clock, token, flushAt, maxRetries, monotonic, random, episodes } = options;
  const sendRetrying = retrying(options.transport, options);
  const setbacks = createSetbacks();
  const resends = createResends();
  /** Aborts what is under way. */
  const stopping = new AbortController();
  const { signal } = stopping;
  let isStopped = false;

  const senders = new Set<Promise<void>>();
  /** Senders that have not claimed yet; `waiting` still counts what they will take. */
  let claiming = 0;
  /** Entries this process has appended or given back and not claimed since; a shared outbox may hold any number beside. */
  let waiting = 0;
  /** Those of them that were not to be had when they were last asked for: delayed, or behind an identify under way. */
  let aside = 0;
  /** When the last of the delayed ones may be claimed. */
  let delayedUntil = 0;
  /** Send what there is, full batch or not. */
  let isDue = false;
  let maxRows = flushAt;
  let maxBytes = options.maxBatchBytes;
  let wakesAt = Number.POSITIVE_INFINITY;
  let cancelWake = (): void => undefined;

  function hurry(): void {
    isDue = true;
    waiting += aside;
    aside = 0;
    pump();
  }

  function wakeIn(ms: number): void {
    const at = monotonic() + ms;
    if (isStopped || wakesAt <= at) return;
    cancelWake();
    wakesAt = at;
    cancelWake = later(ms, () => {
      wakesAt = Number.POSITIVE_INFINITY;
      hurry();
    });
  }

  /** Starts senders; one more than there are batches would find nothing. */
  function pump(): void {
    while (!isStopped && (isDue || waiting >= flushAt) && (claiming === 0 || claiming * maxRows < waiting)) {
      // Looked at before the question: should the wait end in between, it is answered with a pass.
      const { waitMs } = gate;
      const pass = gate.admit(senders.size);
      if (pass === undefined) {
        if (waitMs > 0) wakeIn(waitMs);
        return;
      }
      const isProbe = pass === 'probe';
      const sender = send(isProbe).then((entries) => {
        senders.delete(sender);
        if (isProbe) gate.abandon();
        // What it has settled may be what others had to wait for.
        if (entries.length > 0 && aside > 0) hurry();
        else pump();
        if (outbox.durable && entries.some(({ kind }) => kind === 'identify')) wakeIn(LOOK_AGAIN_MS);
      });
      senders.add(sender);
    }
  }

  /** Resolves to what there was to send. Never rejects. */
  async function send(isProbe: boolean): Promise<readonly Entry[]> {
    let entries: readonly Entry[] = [];
    try {
      entries = await claim(isProbe);
      const endsAt = monotonic() + SEND_FOR_MS;
      if (outbox.durable) pump();
      // What became too old while it waited is given up with that reason, never quietly given a new time.
      const reading = clock.read();
      const old = entries.filter((entry) => isExpired(entry, reading));
      if (old.length > 0) await settle(old, TOO_OLD);
      const batches = toBatches(entries.filter((entry) => !isExpired(entry, reading)));
      await deliverAll(
        batches.flatMap((batch) => setbacks.isolate(batch, maxRows)),
        isProbe,
        endsAt,
      );
      episodes.end('outbox');
      return entries;
    } catch (error) {
      episodes.say(
        'outbox',
        `the outbox failed: ${sentenceOf(error)} Events stay in it; it is tried again every second.`,
      );
      // What of the claim is settled it no longer holds; the rest need not wait for the end of the lease.
      await outbox.release(entries, OUTBOX_RETRY_MS).catch(() => undefined);
      isDue = false;
      wakeIn(OUTBOX_PAUSE_MS);
      return [];
    }
  }

  async function claim(isProbe: boolean): Promise<readonly Entry[]> {
    const askedAt = monotonic();
    // A probe is one event: should it be the poisonous one, the next probe is another.
    const maxEntries = isProbe ? 1 : maxRows;
    const maxRowBytes = Math.max(1, maxBytes - frameBytes(token));
    claiming += 1;
    try {
      const entries = await outbox.claim({ maxEntries, maxBytes: maxRowBytes, leaseMs: LEASE_MS });
      waiting = Math.max(0, waiting - entries.length);
      if (entries.length === 0) {
        // Where nobody here holds what they wait for, another process has taken them.
        aside = outbox.durable && senders.size <= 1 ? 0 : aside + waiting;
        waiting = 0;
        if (delayedUntil > askedAt) wakeIn(Math.max(0, delayedUntil - monotonic()));
      }
      // Behind a claim of a shared outbox that is at least half full there may be more, of which this process knows nothing.
      // It need not be full: what has to wait for an identify was looked at and left out.
      if (waiting === 0)
        isDue = outbox.durable && (entries.length * 2 >= maxEntries || sizeOf(entries) * 2 >= maxRowBytes);
      return entries;
    } finally {
      claiming -= 1;
    }
  }

  /**
   * Ends the entries of the batches in their order, or gives back what cannot be ended now. Tells whether what is said later
   * of the same people may follow.
   */
  async function deliverAll(batches: readonly Batch[], isProbe: boolean, endsAt: number): Promise<boolean> {
    let isInOrder = true;
    for (const batch of batches) {
      const mayGo: boolean = isInOrder && (gate.isOpen || isProbe) && !signal.aborted && monotonic() <= endsAt;
      const isEnded: boolean = mayGo ? await deliver(batch, endsAt) : await release(batch.entries, 0);
      // Once an identify had to go back, what was to follow it does not overtake it.
      isInOrder &&= isEnded || batch.kind === 'track';
    }
    return isInOrder;
  }

  /** Sends one batch; the rest as {@link deliverAll}. */
  async function deliver(batch: Batch, endsAt: number): Promise<boolean> {
    const { entries } = batch;
    const isProbe = !gate.isOpen;
    const answersBefore = gate.successes;
    const sentAt = clock.read();
    const isSuspect = setbacks.suspicionOf(batch) > 0;
    // A suspect's retries must not look like an outage: it goes back to the outbox in between.
    const verdict = await sendRetrying(toRequest(batch, token, sentAt), isSuspect ? 0 : maxRetries, signal);
    switch (verdict.kind) {
      case 'delivered':
        return takeRows(entries, verdict.failures, sentAt);

      case 'unauthorized':
        return release(entries, 0);

      case 'retryable': {
        if (signal.aborted) return release(entries, 0);
        const { successes } = gate;
        // All retries are spent and nobody else was answered either: that is an outage, not this batch.
        if (!isSuspect && gate.isOpen && successes === answersBefore) gate.fail(verdict.reason, verdict.afterMs);
        // Where the gate has closed, there may have been no retries.
        const since = gate.isOpen ? answersBefore : successes;
        const isGuilty = verdict.scope !== 'service' && setbacks.note(entries, since, successes);
        // What something in between does not let through waits apart until that is mended.
        if (isGuilty && verdict.scope === 'request' && setbacks.noteAlone(entries[0]!, successes) > maxRetries)
          return settle(entries, EXHAUSTED);
        // A closed gate is wait enough; but after a suspect or a probe, the next probe is to be another event.
        const delayMs =
          gate.isOpen || isSuspect || isProbe
            ? Math.max(
                verdict.afterMs ?? backoffMs(setbacks.suspicionOf(batch), random),
                gate.waitMs * PROBE_MARGIN + 1,
              )
            : 0;
        return release(entries, delayMs);
      }

      case 'tooLarge': {
        const { limit = Number.POSITIVE_INFINITY } = verdict;
        // [A] The limit is said to be in bytes; a number no larger than the rows that were sent can only mean rows.
        if (limit <= entries.length) maxRows = Math.min(maxRows, limit);
        else maxBytes = Math.min(maxBytes, limit);
        break;
      }

      case 'rejected': {
        const now = clock.read();
        const waits = entries.flatMap(
          (entry) => resends.inMs(entry, { sent: sentAt, now, message: verdict.message }) ?? [],
        );
        if (waits.length > 0) return release(entries, Math.max(...waits));
      }
    }
    // Halves go by themselves until the one bad row stands alone.
    if (entries.length > 1) return deliverAll(cut(batch, Math.ceil(entries.length / 2)), false, endsAt);
    return settle(
      entries,
      verdict.kind === 'tooLarge'
        ? {
            status: 'rejected',
            code: 'event_too_large',
            message: `the service takes no event of ${sizeOf(entries)} bytes (HTTP 413).`,
          }
        : {
            status: 'rejected',
            code: 'http_error',
            message: `the service refused the event (HTTP ${verdict.status}): ${scrub(verdict.message)}`,
          },
    );
  }

  /** Takes an answer row by row; what may be sent again goes back. */
  async function takeRows(
    entries: readonly Entry[],
    failures: readonly RowFailure[],
    sentAt: ClockReading,
  ): Promise<boolean> {
    const now = clock.read();
    const failed = new Map(failures.map((failure) => [entries[failure.index], failure]));
    await settle(
      entries.filter((entry) => !failed.has(entry)),
      { status: 'delivered' },
    );
    const again: Entry[] = [];
    let delayMs = 0;
    for (const [entry, { retryable, message }] of failed) {
      if (entry === undefined) continue;
      if (!retryable) {
        const waitMs = resends.inMs(entry, { sent: sentAt, now, message });
        if (waitMs === undefined) {
          const refused = { status: 'rejected', code: 'invalid_event', message: scrub(message) } as const;
          await settle([entry], isPastAge(entry, now) ? TOO_OLD : refused);
        } else {
          again.push(entry);
          delayMs = Math.max(delayMs, waitMs);
        }
        continue;
      }
      const times = setbacks.noteAlone(entry, gate.successes);
      if (times <= maxRetries) {
        again.push(entry);
        delayMs = Math.max(delayMs, backoffMs(times, random));
      } else await settle([entry], EXHAUSTED);
    }
    return again.length === 0 || release(again, delayMs);
  }

  async function release(entries: readonly Entry[], delayMs: number): Promise<false> {
    await outbox.release(entries, delayMs);
    waiting += entries.length;
    isDue = true;
    if (delayMs > 0) {
      delayedUntil = Math.max(delayedUntil, monotonic() + delayMs);
      wakeIn(delayMs);
    }
    return false;
  }

  async function settle(entries: readonly Entry[], outcome: Outcome): Promise<true> {
    await (outcome.status === 'delivered' ? outbox.ack(entries) : outbox.deadLetter(entries, outcome));
    setbacks.forget(entries);
    resends.forget(entries);
    for (const entry of entries) options.onSettled(entry, outcome);
    return true;
  }

  /** A service that quotes the request in its complaint must put neither the token nor an address into our messages. */
  function scrub(message: string): string {
    return message.replaceAll(token, '[token]').replace(/[^\s'"<>]+@[^\s'"<>]+/g, '[email]');
  }

  return {
    notify(count) {
      waiting += count;
      if (waiting >= flushAt) pump();
      else wakeIn(options.flushIntervalMs);
    },
    hurry,
    async stop(graceMs) {
      isStopped = true;
      cancelWake();
      const ended = Promise.all(senders);
      // No timer holds the process: it might end in the middle of this.
      if (graceMs > 0) await Promise.race([ended, sleep(graceMs)]);
      stopping.abort();
      await ended;
    },
  };
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { body }) => bytes + body.length, 0);
}
