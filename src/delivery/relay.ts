import { sentenceOf } from '../core/logger.js';
import { sleep } from '../core/timers.js';
import type { ClaimOptions } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { Observer } from '../telemetry/observer.js';
import { createAlarm } from './alarm.js';
import { createBacklog } from './backlog.js';
import { frameBytes, sizeOf } from './batch.js';
import type { Probe } from './circuit-breaker.js';
import { type ClaimDeliveryOptions, createClaimDelivery } from './claim-delivery.js';
import { leaseTimes } from './lease.js';
import { createProbeSearch } from './probe-search.js';

/** The first events wait no longer than this for their batch to fill, so that a wrong address shows within a second. */
const FIRST_FLUSH_MS = 200;
/** How soon to claim again from a shared outbox after identifies were delivered: other entries may have waited for them. */
const AFTER_IDENTIFY_MS = 200;
/** The longest pause between claims while entries are delayed, each by its own time. */
const DELAYED_POLL_MS = 1_000;
/** How long to wait after the outbox has failed. */
const OUTBOX_PAUSE_MS = 1_000;
/**
 * When to retry the first and the second half of a claim during which the outbox failed. They may have been delivered. One entry
 * that makes it fail each time comes back when the other half does not, and has half as many companions with each failure.
 */
const OUTBOX_RETRY_MS = [10_000, 15_000] as const;
/** A claim that is this full may have left more behind. */
const FULL = 0.9;
/** A failed claim divides the next claim's size by this; a successful one doubles it. */
const CLAIM_SHRINK = 4;

export interface RelayOptions extends Omit<ClaimDeliveryOptions, 'onReleased'> {
  readonly flushIntervalMs: number;
  readonly requestTimeoutMs: number;
  readonly observer?: Observer | undefined;
}

/**
 * Moves entries from the outbox to the service: claim → batch → send → settle.
 *
 *   idle     ──a batch is full, the flush interval has passed since an append, or flushNow──▶ sending, while the breaker admits senders
 *   sending  each sender delivers one claim ──▶ idle, or sending again while entries are due
 *   paused   the outbox has failed ──after OUTBOX_PAUSE_MS──▶ sending
 *   stopped  no sender starts any more
 *
 * Nothing here rejects: entries that cannot be delivered now are released to the outbox.
 */
export interface Relay {
  /** Entries were appended; they are sent when their batch is full or the flush interval has passed. */
  schedule(count: number): void;
  /** Sends all entries now, without waiting for a full batch. */
  flushNow(): void;
  /**
   * Claims nothing more, and gives the current requests `graceMs` to end. Resolves when the entries of the other requests are
   * back in the outbox.
   */
  stop(graceMs: number): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { outbox, breaker, token, monotonic, warnings } = options;
  const { leaseMs, sendForMs } = leaseTimes(options.requestTimeoutMs);
  const backlog = createBacklog({ flushAt: options.flushAt, isShared: outbox.durable });
  const alarm = createAlarm(monotonic, flushNow);
  const search = createProbeSearch(monotonic);
  const stopping = new AbortController();
  const senders = new Set<Promise<void>>();
  /** Senders that have not claimed yet. The backlog still counts the entries they will take. */
  let claiming = 0;
  /** When the last delayed entry may be claimed. */
  let delayedUntil = 0;
  let pausedUntil = Number.NEGATIVE_INFINITY;
  /** The most entries of a claim. A store that is too slow for many must not be asked for the same number forever. */
  let maxEntries = Number.POSITIVE_INFINITY;
  let isStopped = false;
  let hasClaimed = false;

  const delivery = createClaimDelivery(
    {
      ...options,
      onReleased(count, delayMs) {
        options.observer?.released(count, delayMs);
        backlog.add(count, true);
        if (delayMs === 0) return;
        delayedUntil = Math.max(delayedUntil, monotonic() + delayMs);
        alarm.setIn(delayMs);
      },
    },
    stopping.signal,
  );

  function flushNow(): void {
    backlog.flush();
    startSenders();
  }

  function startSenders(): void {
    const pauseMs = pausedUntil - monotonic();
    if (pauseMs > 0) {
      alarm.setIn(pauseMs);
      return;
    }
    while (!isStopped && backlog.needsSender(claiming, delivery.limits.rows)) {
      // Read before admit: if the wait ends in between, admit answers with a pass.
      const { waitMs } = breaker;
      const pass = breaker.admit(senders.size);
      if (pass === undefined) {
        if (waitMs > 0) alarm.setIn(waitMs);
        return;
      }
      startSender(pass === 'sender' ? undefined : pass);
    }
  }

  function startSender(probe: Probe | undefined): void {
    const sender = send(probe).then((entries) => {
      senders.delete(sender);
      if (probe !== undefined) breaker.abandon(probe);
      // Entries that were set aside may have waited for these.
      if (entries.length > 0 && backlog.hasAside) flushNow();
      else startSenders();
      if (outbox.durable && entries.some(({ kind }) => kind === 'identify')) alarm.setIn(AFTER_IDENTIFY_MS);
    });
    senders.add(sender);
  }

  /** Delivers one claim. Resolves to its entries. Never rejects. */
  async function send(probe: Probe | undefined): Promise<readonly Entry[]> {
    let entries: readonly Entry[] = [];
    try {
      const { rows, bytes } = delivery.limits;
      const batch = { maxEntries: rows, maxBytes: Math.max(1, bytes - frameBytes(token)) };
      const widest = probe === undefined ? batch : search.window(probe.failedBefore, batch);
      const window = { ...widest, maxEntries: Math.min(widest.maxEntries, maxEntries) };
      const endsAt = monotonic() + sendForMs;
      const claimed = await claim(window);
      entries = claimed.entries;
      if (outbox.durable) startSenders();
      if (probe === undefined) await delivery.deliver(entries, endsAt);
      else await delivery.probe(entries, search.skipMs(widest, claimed.fullness >= FULL), endsAt);
      warnings.end('outbox');
      return entries;
    } catch (error) {
      warnings.once('outbox', `the outbox failed: ${sentenceOf(error)} Events stay in it; it is retried every second.`);
      // The outbox no longer holds the settled entries. The others need not wait until the lease expires.
      const middle = Math.ceil(entries.length / 2);
      const [firstMs, secondMs] = OUTBOX_RETRY_MS;
      const delayMs = await Promise.all([
        outbox.release(entries.slice(0, middle), firstMs),
        outbox.release(entries.slice(middle), secondMs),
      ]).then(
        () => secondMs,
        () => leaseMs,
      );
      if (entries.length > 0) delayedUntil = Math.max(delayedUntil, monotonic() + delayMs);
      pausedUntil = monotonic() + OUTBOX_PAUSE_MS;
      alarm.setIn(OUTBOX_PAUSE_MS);
      return [];
    }
  }

  async function claim(
    window: Pick<ClaimOptions, 'maxEntries' | 'maxBytes'>,
  ): Promise<{ entries: readonly Entry[]; fullness: number }> {
    const startedAt = monotonic();
    claiming += 1;
    let isClaimed = false;
    try {
      const entries = await outbox.claim({ ...window, leaseMs });
      isClaimed = true;
      const fullness = Math.max(entries.length / window.maxEntries, sizeOf(entries) / window.maxBytes);
      hasClaimed ||= entries.length > 0;
      backlog.noteClaim({ count: entries.length, fullness }, senders.size <= 1);
      if (delayedUntil > startedAt) {
        alarm.setIn(Math.min(Math.max(0, delayedUntil - monotonic()), DELAYED_POLL_MS));
      }
      return { entries, fullness };
    } finally {
      claiming -= 1;
      maxEntries = isClaimed ? maxEntries * 2 : Math.max(1, Math.floor(window.maxEntries / CLAIM_SHRINK));
    }
  }

  return {
    schedule(count) {
      backlog.add(count, false);
      const { isFull } = backlog;
      if (isFull) startSenders();
      // Also behind full batches: nothing else would send an incomplete last one.
      const isFirst = !hasClaimed && !isFull;
      alarm.setIn(isFirst ? Math.min(options.flushIntervalMs, FIRST_FLUSH_MS) : options.flushIntervalMs);
    },
    flushNow,
    async stop(graceMs) {
      isStopped = true;
      alarm.stop();
      const ended = Promise.all(senders);
      // No timer keeps the process alive here: the caller does.
      if (graceMs > 0) await Promise.race([ended, sleep(graceMs)]);
      stopping.abort();
      await ended;
    },
  };
}
