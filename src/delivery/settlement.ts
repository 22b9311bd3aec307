import type { WarnOnce } from '../core/logger.js';
import type { KnownOutcome, Undelivered } from '../core/outcome.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Entry } from '../protocol/event.js';
import type { ClockReading } from '../protocol/time.js';
import type { SkewedClock } from '../transport/clock.js';
import type { RowFailure, SendResult } from '../transport/send-result.js';
import { soloBackoffMs } from './backoff.js';
import type { CircuitBreaker, Sent } from './circuit-breaker.js';
import type { IdentifyPause } from './identify-pause.js';
import { warnOfMisdated } from './misdated.js';
import type { PoisonIsolator } from './poison-isolator.js';
import { refusalOfRow, scrub, TOO_OLD } from './refusals.js';
import { aheadMs, createResends, isExpired, sentTime } from './sent-time.js';

/** How much later than the next probe a failed event comes back: timers are late, and it must not be that probe. */
const PROBE_MARGIN = 1.2;

/** How long an identify may hold events back by failing alone, whatever it fails on: they wait for it, and become too old. */
const MAX_HOLD_MS = 60 * 60_000;
/** The age from which five minutes are enough: processes may be short-lived, and none may see an hour of it. */
const MAX_HOLD_AGE_MS = 24 * MAX_HOLD_MS;
const MIN_HOLD_MS = 5 * 60_000;
/** How long identifies fail before that is worth a warning: a few failures in a row may be chance. */
const WORTH_SAYING_MS = 10_000;

export interface SettlementOptions {
  readonly outbox: Outbox;
  readonly breaker: CircuitBreaker;
  readonly clock: SkewedClock;
  readonly token: string;
  readonly maxRetries: number;
  readonly random: () => number;
  readonly warnings: WarnOnce;
  /** Called with all entries that have their outcome at once, so that they can be counted before any is reported. */
  readonly onSettled: (entries: readonly Entry[], outcome: KnownOutcome) => void;
  /** Entries are back in the outbox, not to be claimed before `delayMs` have passed. */
  readonly onReleased: (count: number, delayMs: number) => void;
}

/** Decides what becomes of claimed entries: each is settled, or released with a delay. Rejects when the outbox does. */
export interface Settlement {
  release(entries: readonly Entry[], delayMs: number): Promise<void>;
  settle(entries: readonly Entry[], outcome: KnownOutcome): Promise<true>;
  /** Removes the entries that cannot be sent now, because of their time. */
  withoutUnsendable(entries: readonly Entry[]): Promise<readonly Entry[]>;
  /** Gives up paused identifies that are an hour old once the pause has lasted as long. Resolves to the other entries. */
  withoutGivenUp(paused: readonly Entry[]): Promise<readonly Entry[]>;
  /** Whether an event may be probed in front of its identify: nothing else may be left to show that the service works. */
  mayBePassed(identify: Entry): boolean;
  /**
   * Releases a failed batch, or drops an event whose retries are used up.
   * @param isProven whether the event failed alone while the service takes others
   */
  retryLater(
    entries: readonly Entry[],
    sent: Sent,
    result: SendResult & { readonly kind: 'retryable' },
    isProven: boolean,
  ): Promise<boolean>;
  /** Handles an answer row by row. Returns whether all entries are settled. */
  takeRows(entries: readonly Entry[], failures: readonly RowFailure[], sentAt: ClockReading): Promise<boolean>;
  /** Releases a refused batch if a wrong clock may be the reason. Returns whether it did. */
  resendLater(entries: readonly Entry[], sentAt: ClockReading, message: string): Promise<boolean>;
}

export function createSettlement(
  options: SettlementOptions,
  isolator: PoisonIsolator,
  pause: IdentifyPause,
): Settlement {
  const { outbox, breaker, clock, token, maxRetries, random, warnings } = options;
  const resends = createResends();

  async function withoutUnsendable(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const now = clock.read();
    // Entries that became too old while they waited are given up: their time is never changed silently.
    const young = await without(
      entries,
      (entry) => isExpired(entry, now),
      (old) => settle(old, TOO_OLD),
    );
    // Entries stamped a little ahead of the service's clock, because their assignment was recorded just before, wait.
    const waitMs = (entry: Entry): number => aheadMs(entry, now);
    return without(
      young,
      (entry) => waitMs(entry) > 0,
      (ahead) => release(ahead, Math.max(...ahead.map(waitMs))),
    );
  }

  async function retryLater(
    entries: readonly Entry[],
    sent: Sent,
    { scope, reason, afterMs, isServiceAnswer }: SendResult & { readonly kind: 'retryable' },
    isProven: boolean,
  ): Promise<boolean> {
    if (isProven) {
      const entry = entries[0]!;
      // A failure of an intermediary, or an overload, uses up no retries.
      const spent = isolator.recordSoloFailure(entry, scope === 'request');
      if (spent > maxRetries || isOverdue(entry)) {
        const mayBeThere = isServiceAnswer ? '' : '. It may have arrived: replay it with the same distinctId';
        return settle(entries, exhausted(`${reason}${mayBeThere}`));
      }
      if (entry.kind === 'identify' && Math.max(pause.lastsMs, isolator.badMs(entry)) >= WORTH_SAYING_MS) {
        warnings.throttled(
          'identify',
          `identifies fail again and again (${reason}) while others are accepted, and later events of their persons wait for them. Each is given up after an hour or more, or when its retries are used up.`,
        );
      }
    }
    // While the breaker is open, no further delay is needed, and probes can choose. After a suspect or a probe, the next probe
    // uses another event. A response may ask for a longer delay, never for a shorter one: a bad event would use up its retries in
    // no time, or be retried for ever without a pause.
    const delayMs = Math.max(
      afterMs ?? 0,
      isolator.retryDelayMs(entries),
      breaker.waitMs * PROBE_MARGIN + 1,
      sent === 'try' ? pause.retryMs : 0,
    );
    await release(entries, !breaker.isClosed && sent === 'fresh' ? 0 : delayMs);
    return false;
  }

  function ageMs(entry: Entry): number {
    const now = clock.read();
    return now.service - sentTime(entry, now);
  }

  /** Whether an identify that has failed alone has held events back for too long. */
  function isOverdue(entry: Entry): boolean {
    if (entry.kind !== 'identify') return false;
    return isGivenUp(entry) || isolator.badMs(entry) >= (ageMs(entry) >= MAX_HOLD_AGE_MS ? MIN_HOLD_MS : MAX_HOLD_MS);
  }

  const isGivenUp = (entry: Entry): boolean =>
    entry.kind === 'identify' && pause.lastsMs >= MAX_HOLD_MS && ageMs(entry) >= MAX_HOLD_MS;

  async function withoutGivenUp(paused: readonly Entry[]): Promise<readonly Entry[]> {
    return without(paused, isGivenUp, (old) => settle(old, exhausted('no identify was accepted for an hour')));
  }

  /** Delays, in milliseconds, after which to resend refused events; only of those that a clock may have had refused. */
  function resendsInMs(entries: readonly Entry[], sent: ClockReading, message: string): number[] {
    const refused = { sent, now: clock.read(), message };
    return entries.flatMap((entry) => resends.inMs(entry, refused) ?? []);
  }

  async function resendLater(entries: readonly Entry[], sentAt: ClockReading, message: string): Promise<boolean> {
    const waits = resendsInMs(entries, sentAt, message);
    if (waits.length === 0) return false;
    await release(entries, Math.max(...waits));
    return true;
  }

  async function takeRows(
    entries: readonly Entry[],
    failures: readonly RowFailure[],
    sentAt: ClockReading,
  ): Promise<boolean> {
    const failed = new Map(failures.map((failure) => [entries[failure.index], failure]));
    const delivered = failed.size === 0 ? entries : entries.filter((entry) => !failed.has(entry));
    warnOfMisdated(delivered, sentAt, clock.read(), warnings);
    await settle(delivered, { status: 'delivered' });
    /** Entries to resend, by their delay in milliseconds. */
    const again = new Map<number, Entry[]>();
    /** Rows that failed together wait together. */
    const waits = new Map<number, number>();
    for (const [entry, { retryable, message }] of failed) {
      if (entry === undefined) continue;
      // Only an answer that took other rows says something about this one.
      const spent = retryable && delivered.length > 0 ? isolator.recordRowFailure(entry) : 0;
      let delayMs: number | undefined;
      if (!retryable) delayMs = resendsInMs([entry], sentAt, message)[0];
      else if (spent <= maxRetries) delayMs = waits.get(spent) ?? soloBackoffMs(spent || 1, random);
      if (delayMs === undefined) {
        const outcome = retryable
          ? exhausted(scrub(message, token))
          : refusalOfRow(entry, message, clock.read(), token);
        await settle([entry], outcome);
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
    options.onSettled(entries, outcome);
    return true;
  }

  return {
    release,
    settle,
    withoutUnsendable,
    withoutGivenUp,
    mayBePassed: (identify) => breaker.isSearching && isolator.failingMs(identify) >= MAX_HOLD_MS,
    retryLater,
    takeRows,
    resendLater,
  };
}

function exhausted(failure: string): Undelivered {
  return { status: 'dropped', reason: 'retries_exhausted', message: `its last failure: ${failure}` };
}

/** Takes out the entries that a condition picks, for which `handle` finds another use. Nearly always, there are none. */
async function without(
  entries: readonly Entry[],
  isPicked: (entry: Entry) => boolean,
  handle: (picked: readonly Entry[]) => Promise<unknown>,
): Promise<readonly Entry[]> {
  if (!entries.some(isPicked)) return entries;
  await handle(entries.filter(isPicked));
  return entries.filter((entry) => !isPicked(entry));
}
