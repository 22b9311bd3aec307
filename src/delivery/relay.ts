import { sentenceOf } from '../core/logger.js';
import { later, sleep } from '../core/timers.js';
import type { ClaimOptions } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import { frameBytes, sizeOf } from './batch.js';
import type { Probe } from './circuit-breaker.js';
import { type ClaimDeliveryOptions, createClaimDelivery } from './claim-delivery.js';
import { leaseTimes } from './lease.js';
import { createProbeSearch } from './probe-search.js';

/** The first events wait no longer than this for their batch to fill, so that a wrong address shows within a second. */
const FIRST_FLUSH_MS = 200;
/** How soon to look again into a shared outbox for what the identifies just delivered had stood in the way of. */
const LOOK_AGAIN_MS = 200;
/** How often at least to look while entries are delayed: each may have a time of its own. */
const LOOK_FOR_DELAYED_MS = 1_000;
/** How soon to look again after the outbox itself has failed. */
const OUTBOX_PAUSE_MS = 1_000;
/** How soon to try again what was claimed when it failed; it may have been delivered. */
const OUTBOX_RETRY_MS = 10_000;

export interface RelayOptions extends Omit<ClaimDeliveryOptions, 'onReleased'> {
  readonly flushIntervalMs: number;
  readonly requestTimeoutMs: number;
}

/**
 * Moves entries from the outbox to the service: claim → batch → send → settle.
 *
 * A sender starts when a batch is full, when the flush interval has passed or when something waits for delivery, as far as
 * the circuit breaker admits it; it takes one claim and ends. Nothing here rejects: what cannot be delivered now goes back
 * to the outbox.
 */
export interface Relay {
  /** Tells that entries were appended. */
  schedule(count: number): void;
  /** Sends what there is without waiting for more. */
  flushNow(): void;
  /**
   * Claims nothing more, and gives the requests under way `graceMs` to end; resolves when the entries of those that did not
   * are back in the outbox.
   */
  stop(graceMs: number): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { outbox, breaker, token, flushAt, monotonic, warnings } = options;
  const { leaseMs, sendForMs } = leaseTimes(options.requestTimeoutMs);
  /** Aborts what is under way. */
  const stopping = new AbortController();
  let isStopped = false;
  let hasClaimed = false;

  const search = createProbeSearch(monotonic);
  const senders = new Set<Promise<void>>();
  /** Senders that have not claimed yet; `waiting` still counts what they will take. */
  let claiming = 0;
  /** Entries this process has appended or given back and not claimed since; a shared outbox may hold any number besides. */
  let waiting = 0;
  /** Those that the last claim could not return: delayed, or behind an identify under way. */
  let aside = 0;
  /** When the last of the delayed ones may be claimed. */
  let delayedUntil = 0;
  /** Send what there is, full batch or not. */
  let isDue = false;
  /** Until when the outbox, which has failed, is left alone. */
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let wakesAt = Number.POSITIVE_INFINITY;
  let cancelWake = (): void => undefined;

  const delivery = createClaimDelivery(
    {
      ...options,
      onReleased(count, delayMs) {
        waiting += count;
        isDue = true;
        if (delayMs === 0) return;
        delayedUntil = Math.max(delayedUntil, monotonic() + delayMs);
        flushIn(delayMs);
      },
    },
    stopping.signal,
  );

  function flushNow(): void {
    isDue = true;
    waiting += aside;
    aside = 0;
    pump();
  }

  function flushIn(ms: number): void {
    const at = monotonic() + ms;
    if (isStopped || wakesAt <= at) return;
    cancelWake();
    wakesAt = at;
    cancelWake = later(ms, () => {
      wakesAt = Number.POSITIVE_INFINITY;
      flushNow();
    });
  }

  /** Starts senders; one more than there are batches would find nothing. */
  function pump(): void {
    const pauseMs = pausedUntil - monotonic();
    if (pauseMs > 0) flushIn(pauseMs);
    while (
      pauseMs <= 0 &&
      !isStopped &&
      (isDue || waiting >= flushAt) &&
      (claiming === 0 || claiming * delivery.limits.rows < waiting)
    ) {
      // Looked at before the question: should the wait end in between, it is answered with a pass.
      const { waitMs } = breaker;
      const pass = breaker.admit(senders.size);
      if (pass === undefined) {
        if (waitMs > 0) flushIn(waitMs);
        return;
      }
      const probe = pass === 'sender' ? undefined : pass;
      const sender = send(probe).then((entries) => {
        senders.delete(sender);
        if (probe !== undefined) breaker.abandon();
        // What it has settled may be what others had to wait for.
        if (entries.length > 0 && aside > 0) flushNow();
        else pump();
        if (outbox.durable && entries.some(({ kind }) => kind === 'identify')) flushIn(LOOK_AGAIN_MS);
      });
      senders.add(sender);
    }
  }

  /** Resolves to what there was to send. Never rejects. */
  async function send(probe: Probe | undefined): Promise<readonly Entry[]> {
    let entries: readonly Entry[] = [];
    try {
      const { rows, bytes } = delivery.limits;
      const batch = { maxEntries: rows, maxBytes: Math.max(1, bytes - frameBytes(token)) };
      const window = probe === undefined ? batch : search.window(probe.failedBefore, batch);
      const endsAt = monotonic() + sendForMs;
      const claimed = await claim(window);
      entries = claimed.entries;
      if (outbox.durable) pump();
      if (probe === undefined) await delivery.deliver(entries, endsAt);
      else await delivery.probe(entries, search.skipMs(window, claimed.isFull), endsAt);
      warnings.end('outbox');
      return entries;
    } catch (error) {
      warnings.once(
        'outbox',
        `the outbox failed: ${sentenceOf(error)} Events stay in it; it is tried again every second.`,
      );
      // What of the claim is settled it no longer holds; the rest need not wait for the end of the lease.
      await outbox.release(entries, OUTBOX_RETRY_MS).catch(() => undefined);
      pausedUntil = monotonic() + OUTBOX_PAUSE_MS;
      flushIn(OUTBOX_PAUSE_MS);
      return [];
    }
  }

  async function claim({
    maxEntries,
    maxBytes,
  }: Pick<ClaimOptions, 'maxEntries' | 'maxBytes'>): Promise<{ entries: readonly Entry[]; isFull: boolean }> {
    const askedAt = monotonic();
    claiming += 1;
    try {
      const entries = await outbox.claim({ maxEntries, maxBytes, leaseMs });
      waiting = Math.max(0, waiting - entries.length);
      if (entries.length > 0) hasClaimed = true;
      if (entries.length === 0) {
        // Where nothing here holds what they wait for, another process has taken them.
        aside = outbox.durable && senders.size <= 1 ? 0 : aside + waiting;
        waiting = 0;
      }
      if (delayedUntil > askedAt) flushIn(Math.min(Math.max(0, delayedUntil - monotonic()), LOOK_FOR_DELAYED_MS));
      const fullness = Math.max(entries.length / maxEntries, sizeOf(entries) / maxBytes);
      // Behind a claim of a shared outbox that is at least half full there may be more, of which this process knows nothing.
      // It need not be full: what has to wait for an identify was looked at and left out.
      if (waiting === 0) isDue = outbox.durable && fullness >= 0.5;
      return { entries, isFull: fullness >= 0.9 };
    } finally {
      claiming -= 1;
    }
  }

  return {
    schedule(count) {
      waiting += count;
      if (waiting >= flushAt) pump();
      else flushIn(hasClaimed ? options.flushIntervalMs : Math.min(options.flushIntervalMs, FIRST_FLUSH_MS));
    },
    flushNow: flushNow,
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
