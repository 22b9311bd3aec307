import type { WarnOnce } from '../core/logger.js';
import type { KnownOutcome, Undelivered } from '../core/outcome.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import { type Followers, followers, partition } from '../protocol/followers.js';
import type { ClockReading } from '../protocol/time.js';
import type { SkewedClock } from '../transport/clock.js';
import type { RowFailure, SendResult } from '../transport/send-result.js';
import type { Transport } from '../transport/transport.js';
import { soloBackoffMs } from './backoff.js';
import { type Batch, cut, cutToFit, frameBytes, toBatches, toRequest } from './batch.js';
import type { CircuitBreaker, Sent } from './circuit-breaker.js';
import { warnOfMisdated } from './misdated.js';
import { createPoisonIsolator } from './poison-isolator.js';
import { chooseProbe } from './probe-search.js';
import { refusalOf, refusalOfRow, TOO_OLD } from './refusals.js';
import { MAX_RETRIES_IN_PLACE, retrying, SLOW_MS } from './retrying-transport.js';
import { aheadMs, createResends, isExpired } from './sent-time.js';

/** A claim works on suspects until none of them has been taken for so long; an only sender for no longer than this. */
const ISOLATE_FOR_MS = 1_000;
/** How much later than the next probe a failed event comes back: timers are late, and it must not be that probe. */
const PROBE_MARGIN = 1.2;

const EXHAUSTED: Undelivered = { status: 'dropped', reason: 'retries_exhausted' };

export interface ClaimDeliveryOptions {
  readonly outbox: Outbox;
  /** Sends a request once. */
  readonly transport: Transport;
  readonly breaker: CircuitBreaker;
  readonly clock: SkewedClock;
  readonly token: string;
  readonly flushAt: number;
  readonly maxBatchBytes: number;
  readonly maxRetries: number;
  readonly concurrency: number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly warnings: WarnOnce;
  readonly onSettled: (entry: Entry, outcome: KnownOutcome) => void;
  /** Entries are back in the outbox, not to be claimed before `delayMs` have passed. */
  readonly onReleased: (count: number, delayMs: number) => void;
}

/**
 * Sends what was claimed, batch by batch, and settles it or gives it back to the outbox. Rejects when the outbox does.
 *
 * Clean events go first. Suspects of poison isolation follow, for a limited time and on all senders but one, so that there is
 * always one for clean events. Whatever follows an identify that had to go back goes back with it; nothing else does.
 */
export interface ClaimDelivery {
  /** What one request may hold. It shrinks to what the service states. */
  readonly limits: { readonly rows: number; readonly bytes: number };
  /** @param endsAt when the last request must have begun, by the monotonic clock */
  deliver(entries: readonly Entry[], endsAt: number): Promise<void>;
  /**
   * Probes with one of the entries. If the service takes it, those behind it follow at once.
   * @param skipMs how long the others stay out of sight otherwise, while the breaker is searching
   */
  probe(entries: readonly Entry[], skipMs: number, endsAt: number): Promise<void>;
}

export function createClaimDelivery(options: ClaimDeliveryOptions, signal: AbortSignal): ClaimDelivery {
  const { outbox, breaker, clock, token, maxRetries, monotonic, random, warnings } = options;
  const sendRetrying = retrying(options.transport, options);
  const isolator = createPoisonIsolator(random, monotonic);
  const resends = createResends();
  const maxIsolating = Math.max(1, options.concurrency - 1);
  const limits = { rows: options.flushAt, bytes: options.maxBatchBytes };
  /** Senders that work on suspects. */
  let isolating = 0;
  let succeededAt = Number.NEGATIVE_INFINITY;

  async function deliver(claimed: readonly Entry[], endsAt: number): Promise<void> {
    const entries = await withoutAhead(await withoutOld(claimed));
    const [suspects, clean] = partition(entries, isolator.isSuspect);
    const isBehind = followers();
    const fitted = toBatches(clean).flatMap((batch) => (batch.kind === 'track' ? toLimits(batch) : [batch]));
    await release(await sendAll(fitted, 'fresh', isBehind, () => monotonic() <= endsAt), 0);
    if (suspects.length > 0) await deliverSuspects(suspects, isBehind, endsAt);
  }

  async function deliverSuspects(suspects: readonly Entry[], isBehind: Followers, endsAt: number): Promise<void> {
    const [early, due] = partition(suspects, (entry) => isolator.turnInMs(entry) > 0);
    await release(early, Math.max(...early.map(isolator.turnInMs)));
    let rest: readonly Entry[] = due;
    if (isolating < maxIsolating) {
      isolating += 1;
      const startedAt = monotonic();
      const hasTime = (): boolean => {
        const since = options.concurrency > 1 ? Math.max(startedAt, succeededAt) : startedAt;
        return monotonic() <= Math.min(endsAt, since + ISOLATE_FOR_MS);
      };
      try {
        const batches = toBatches(due).flatMap((batch) => isolator.isolate(batch, limits.rows).flatMap(toLimits));
        rest = await sendAll(batches, 'suspect', isBehind, hasTime);
      } finally {
        isolating -= 1;
      }
    }
    await release(rest, isolator.retryDelayMs(rest));
  }

  async function probe(claimed: readonly Entry[], skipMs: number, endsAt: number): Promise<void> {
    const entries = await withoutAhead(await withoutOld(claimed));
    if (entries.length === 0) return;
    const at = chooseProbe(entries, isolator.lastFailure, random);
    const { kind } = entries[at]!;
    await send({ kind, entries: [entries[at]!] }, 'probe', followers(), () => monotonic() <= endsAt);
    const before = entries.slice(0, at);
    const behind = entries.slice(at + 1);
    if (!breaker.isClosed) {
      return release([...before, ...behind], breaker.isSearching ? skipMs : 0);
    }
    // Where one event passes, its neighbours probably do. What must follow an identify in front of it waits.
    const isBehind = followers(before);
    const [waiting, following] = partition(behind, isBehind);
    await release([...before, ...waiting], 0);
    await deliver(following, endsAt);
  }

  /** Gives up what became too old while it waited: its time is never quietly changed. */
  async function withoutOld(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const now = clock.read();
    const old = entries.filter((entry) => isExpired(entry, now));
    if (old.length === 0) return entries;
    await settle(old, TOO_OLD);
    return entries.filter((entry) => !isExpired(entry, now));
  }

  /** Holds what is stamped a little ahead of the service's clock, because its assignment was recorded just before. */
  async function withoutAhead(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const now = clock.read();
    const ahead = entries.filter((entry) => aheadMs(entry, now) > 0);
    if (ahead.length === 0) return entries;
    await release(ahead, Math.max(...ahead.map((entry) => aheadMs(entry, now))));
    return entries.filter((entry) => aheadMs(entry, now) === 0);
  }

  function toLimits(batch: Batch): Batch[] {
    return cutToFit(batch, limits.rows, limits.bytes - frameBytes(token));
  }

  /** Sends batches in their order. Resolves to the entries whose turn did not come. */
  async function sendAll(
    batches: readonly Batch[],
    sent: Sent,
    isBehind: Followers,
    hasTime: () => boolean,
  ): Promise<readonly Entry[]> {
    const rest: Entry[] = [];
    for (const { kind, entries } of batches) {
      const mayGo = breaker.isClosed && !signal.aborted && hasTime();
      const [waiting, free] = mayGo ? partition(entries, isBehind) : [entries, []];
      isBehind.add(waiting);
      rest.push(...waiting);
      if (free.length > 0 && !(await send({ kind, entries: free }, sent, isBehind, hasTime))) isBehind.add(free);
    }
    return rest;
  }

  /** Sends one batch and settles it or gives it back. Tells whether all of it is settled. */
  async function send(batch: Batch, sent: Sent, isBehind: Followers, hasTime: () => boolean): Promise<boolean> {
    const { kind, entries } = batch;
    const successesBefore = isolator.successes(kind);
    const startedAt = monotonic();
    const sentAt = clock.read();
    // While events are known to be bad, a failed request probably holds another: it is looked for at once.
    const mayRetry = sent === 'fresh' && !isolator.hasBad;
    const retries = mayRetry ? Math.min(maxRetries, MAX_RETRIES_IN_PLACE) : 0;
    for (const entry of entries) entry.wasSent = true;
    const result = await sendRetrying(toRequest(batch, token, sentAt), sent, retries, signal);
    if (result.kind === 'unauthorized' || (result.kind === 'retryable' && signal.aborted)) {
      await release(entries, 0);
      return false;
    }
    if (result.kind === 'retryable') {
      // All retries are spent and nothing else was answered either: that is an outage, not this batch.
      const isOutage = mayRetry && breaker.isClosed && isolator.successes(kind) === successesBefore;
      if (isOutage) breaker.open(result.reason, result.afterMs);
      const tookMs = monotonic() - startedAt;
      // A probe that fails before another passes has shown something, though the breaker was open.
      const isExcused = !breaker.isClosed && sent !== 'probe';
      const isProven = isolator.recordFailure(entries, { successesBefore, isExcused, tookMs });
      const mayDivide = sent === 'suspect' && entries.length > 1 && breaker.isClosed;
      if (!mayDivide || tookMs >= SLOW_MS || result.afterMs !== undefined)
        return retryLater(entries, sent, result, isProven);
      // Some of the suspects are probably fine: they need not wait for another claim.
      const rest = await sendAll(isolator.divide(batch), sent, isBehind, hasTime);
      await release(rest, isolator.retryDelayMs(rest));
      return rest.length === 0;
    }
    isolator.recordSuccess(kind);
    succeededAt = monotonic();
    if (result.kind === 'delivered') return takeRows(entries, result.failures, sentAt);
    if (result.kind === 'rejected') {
      const waits = resendsInMs(entries, sentAt, result.message);
      if (waits.length > 0) {
        await release(entries, Math.max(...waits));
        return false;
      }
    }
    if (result.kind === 'tooLarge') {
      const { limit = Number.POSITIVE_INFINITY } = result;
      // [A] The limit is said to be in bytes; a number no larger than the rows that were sent can only mean rows.
      if (limit <= entries.length) limits.rows = Math.min(limits.rows, limit);
      else limits.bytes = Math.min(limits.bytes, limit);
    }
    // Each half goes on its own, until the one bad row stands alone.
    if (entries.length > 1) {
      const rest = await sendAll(cut(batch, Math.ceil(entries.length / 2)), sent, isBehind, hasTime);
      await release(rest, 0);
      return rest.length === 0;
    }
    return settle(entries, refusalOf(result, entries, token));
  }

  /** Gives a failed batch back, or gives up an event whose retries are spent. */
  async function retryLater(
    entries: readonly Entry[],
    sent: Sent,
    { scope, afterMs }: SendResult & { readonly kind: 'retryable' },
    isProven: boolean,
  ): Promise<boolean> {
    if (isProven) {
      // What something in between holds back, or an overload, costs no retries.
      const spent = isolator.recordSoloFailure(entries[0]!, scope === 'request');
      if (spent > maxRetries) return settle(entries, EXHAUSTED);
    }
    // An open breaker is wait enough, and gives probes a choice. After a suspect or a probe the next one is another event.
    const delayMs = Math.max(afterMs ?? isolator.retryDelayMs(entries), breaker.waitMs * PROBE_MARGIN + 1);
    await release(entries, !breaker.isClosed && sent === 'fresh' ? 0 : delayMs);
    return false;
  }

  /** In how many milliseconds refused events should go again, for each that a clock may have had refused. */
  function resendsInMs(entries: readonly Entry[], sent: ClockReading, message: string): number[] {
    const refused = { sent, now: clock.read(), message };
    return entries.flatMap((entry) => resends.inMs(entry, refused) ?? []);
  }

  /** Takes an answer row by row; what may be sent again goes back. */
  async function takeRows(
    entries: readonly Entry[],
    failures: readonly RowFailure[],
    sentAt: ClockReading,
  ): Promise<boolean> {
    const failed = new Map(failures.map((failure) => [entries[failure.index], failure]));
    const delivered = entries.filter((entry) => !failed.has(entry));
    warnOfMisdated(delivered, sentAt, clock.read(), warnings);
    await settle(delivered, { status: 'delivered' });
    /** Entries to send again, by the milliseconds they have to wait. */
    const again = new Map<number, Entry[]>();
    /** Rows that failed together wait together. */
    const waits = new Map<number, number>();
    for (const [entry, { retryable, message }] of failed) {
      if (entry === undefined) continue;
      const spent = retryable ? isolator.recordRowFailure(entry) : 0;
      let delayMs: number | undefined;
      if (!retryable) delayMs = resendsInMs([entry], sentAt, message)[0];
      else if (spent <= maxRetries) delayMs = waits.get(spent) ?? soloBackoffMs(spent, random);
      if (delayMs === undefined) {
        await settle([entry], retryable ? EXHAUSTED : refusalOfRow(entry, message, clock.read(), token));
        continue;
      }
      waits.set(spent, delayMs);
      const group = again.get(delayMs);
      if (group === undefined) again.set(delayMs, [entry]);
      else group.push(entry);
    }
    for (const [delayMs, group] of again) await release(group, delayMs);
    return again.size === 0;
  }

  async function release(entries: readonly Entry[], delayMs: number): Promise<void> {
    if (entries.length === 0) return;
    await outbox.release(entries, delayMs);
    options.onReleased(entries.length, delayMs);
  }

  async function settle(entries: readonly Entry[], outcome: KnownOutcome): Promise<true> {
    await (outcome.status === 'delivered' ? outbox.ack(entries) : outbox.deadLetter(entries, outcome));
    isolator.forget(entries, outcome.status === 'delivered');
    resends.forget(entries);
    for (const entry of entries) options.onSettled(entry, outcome);
    return true;
  }

  return { limits, deliver, probe };
}
