import { type Episodes, sentenceOf } from '../logger.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Outcome, Undelivered } from '../outcome.js';
import type { Entry } from '../protocol/event.js';
import { isTooOld } from '../protocol/time.js';
import { later, sleep } from '../timers.js';
import { backoffMs } from './backoff.js';
import { type Batch, frameBytes, halve, sentTime, toBatches, toRequest } from './batch.js';
import type { SkewedClock } from './clock.js';
import type { Gate } from './gate.js';
import { Setbacks } from './setbacks.js';
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
/** How soon to look again after the outbox itself has failed. */
const OUTBOX_PAUSE_MS = 1_000;
/** How soon to try again what was claimed when it failed; it may have been delivered. */
const OUTBOX_RETRY_MS = 10_000;

export interface RelayOptions {
  readonly outbox: Outbox;
  /** Sends a request again while it has bad luck. */
  readonly transport: Transport;
  /** Sends a request once. */
  readonly singleTry: Transport;
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

/** What a sender may do with its claim. */
interface Pass {
  readonly isProbe: boolean;
  /** When it sends no further batch, by the monotonic clock. */
  readonly endsAt: number;
}

/**
 * Moves entries from the outbox to the service: claim → batch → send → settle.
 *
 * A sender starts when a batch is full, when the flush interval has passed or when somebody waits, as far as the gate
 * lets it; it takes one claim and ends. Nothing here rejects: what cannot be delivered now goes back to the outbox.
 */
export class Relay {
  readonly #options: RelayOptions;
  /** Aborts what is under way. */
  readonly #stopping = new AbortController();
  #isStopped = false;
  readonly #senders = new Set<Promise<void>>();
  /** Senders that have not claimed yet; `#waiting` still counts what they will take. */
  #claiming = 0;
  /** Entries this process has appended or given back and not claimed since; a shared outbox may hold any number beside. */
  #waiting = 0;
  /** Those of them that were not to be had when they were last asked for: delayed, or behind an identify under way. */
  #aside = 0;
  /** When the last of the delayed ones may be claimed. */
  #delayedUntil = 0;
  readonly #setbacks = new Setbacks();
  /** Send what there is, full batch or not. */
  #due = false;
  #maxRows: number;
  #maxBytes: number;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#maxRows = options.flushAt;
    this.#maxBytes = options.maxBatchBytes;
  }

  /** Tells that entries were appended. */
  notify(count: number): void {
    this.#waiting += count;
    if (this.#waiting >= this.#options.flushAt) this.#pump();
    else this.#wakeIn(this.#options.flushIntervalMs);
  }

  /** Sends what there is without waiting for more. */
  hurry(): void {
    this.#due = true;
    this.#waiting += this.#aside;
    this.#aside = 0;
    this.#pump();
  }

  /**
   * Claims nothing more, and gives the requests under way `graceMs` to end; resolves when the entries of those that did not
   * are back in the outbox.
   */
  async stop(graceMs: number): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const ended = Promise.all(this.#senders);
    if (this.#senders.size > 0 && graceMs > 0) await Promise.race([ended, sleep(graceMs)]);
    this.#stopping.abort();
    await ended;
  }

  #pump(): void {
    const { gate, flushAt } = this.#options;
    // A sender more than there are batches would find nothing.
    while (!this.#isStopped && (this.#due || this.#waiting >= flushAt)) {
      if (this.#claiming > 0 && this.#claiming * this.#maxRows >= this.#waiting) return;
      // Looked at before the question: should the wait end in between, it is answered with a pass.
      const { waitMs } = gate;
      const pass = gate.admit(this.#senders.size);
      if (pass === undefined) {
        if (waitMs > 0) this.#wakeIn(waitMs);
        return;
      }
      const sender = this.#send(pass === 'probe').then((entries) => {
        this.#senders.delete(sender);
        if (pass === 'probe') gate.abandon();
        // What it has settled may be what others had to wait for.
        if (entries.length > 0 && this.#aside > 0) this.hurry();
        else this.#pump();
        if (this.#options.outbox.durable && entries.some(({ kind }) => kind === 'identify'))
          this.#wakeIn(LOOK_AGAIN_MS);
      });
      this.#senders.add(sender);
    }
  }

  #wakeIn(ms: number): void {
    if (this.#isStopped) return;
    const at = this.#options.monotonic() + ms;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = later(ms, () => {
      this.#timer = undefined;
      this.hurry();
    });
    this.#timer = { at, cancel };
  }

  /** Resolves to what there was to send. Never rejects. */
  async #send(isProbe: boolean): Promise<readonly Entry[]> {
    const { episodes, outbox, monotonic } = this.#options;
    let entries: readonly Entry[] = [];
    try {
      entries = await this.#claim(isProbe);
      const pass: Pass = { isProbe, endsAt: monotonic() + SEND_FOR_MS };
      if (outbox.durable) this.#pump();
      const fresh = await this.#buryOld(entries);
      let inOrder = true;
      for (const batch of toBatches(fresh).flatMap((one) => this.#setbacks.isolate(one, this.#maxRows))) {
        // Once an identify had to go back, what was to follow it does not overtake it.
        if (!inOrder) await this.#release(batch.entries, 0);
        else if (!(await this.#deliver(batch, pass)) && batch.kind === 'identify') inOrder = false;
      }
      episodes.end('outbox');
      return entries;
    } catch (error) {
      const reason = sentenceOf(error);
      episodes.say(
        'outbox',
        `the outbox could not be worked with: ${reason} What is in it stays there; it is looked into again every second.`,
      );
      // What of the claim is settled it no longer holds; the rest need not wait for the end of the lease.
      await outbox.release(entries, OUTBOX_RETRY_MS).catch(() => undefined);
      this.#due = false;
      this.#wakeIn(OUTBOX_PAUSE_MS);
      return [];
    }
  }

  async #claim(isProbe: boolean): Promise<readonly Entry[]> {
    const { outbox, token, monotonic } = this.#options;
    const askedAt = monotonic();
    // A probe is one event: should it be the poisonous one, the next probe is another.
    const maxEntries = isProbe ? 1 : this.#maxRows;
    const maxBytes = this.#maxBytes - frameBytes(token);
    this.#claiming += 1;
    try {
      const entries = await outbox.claim({ maxEntries, maxBytes, leaseMs: LEASE_MS });
      this.#waiting = Math.max(0, this.#waiting - entries.length);
      if (entries.length === 0) {
        // Where nobody here holds what they wait for, another process has taken them.
        const areElsewhere = outbox.durable && this.#senders.size <= 1;
        this.#aside = areElsewhere ? 0 : this.#aside + this.#waiting;
        this.#waiting = 0;
        if (this.#delayedUntil > askedAt) this.#wakeIn(Math.max(0, this.#delayedUntil - monotonic()));
      }
      // Behind a claim of a shared outbox that is at least half full there may be more, of which this process knows nothing.
      // It need not be full: what has to wait for an identify was looked at and left out.
      const isLarge = entries.length * 2 >= maxEntries || sizeOf(entries) * 2 >= maxBytes;
      if (this.#waiting === 0) this.#due = outbox.durable && isLarge;
      return entries;
    } finally {
      this.#claiming -= 1;
    }
  }

  /** What became too old while it waited is given up with that reason, never quietly given a new time. */
  async #buryOld(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const { service } = this.#options.clock.read();
    const isOld = (entry: Entry): boolean => entry.kind === 'track' && isTooOld(entry.time, service);
    const old = entries.filter(isOld);
    if (old.length === 0) return entries;
    await this.#bury(old, { status: 'dropped', reason: 'too_old' });
    return entries.filter((entry) => !isOld(entry));
  }

  /** Ends every entry of the batch, or gives back what cannot be ended now: then the answer is `false`. */
  async #deliver(batch: Batch, pass: Pass, attempt = 1): Promise<boolean> {
    const { gate, token, clock, maxRetries, random, monotonic } = this.#options;
    const { signal } = this.#stopping;
    const isSuspect = this.#setbacks.suspicionOf(batch) > 0;
    // A suspect's retries must not look like an outage: it goes back to the outbox in between.
    const transport = isSuspect ? this.#options.singleTry : this.#options.transport;
    const { isProbe, endsAt } = pass;
    if (signal.aborted || !(gate.isOpen || isProbe) || monotonic() > endsAt) return this.#release(batch.entries, 0);

    const sentAt = clock.read();
    const answersBefore = gate.successes;
    const verdict = await transport.send(toRequest(batch, token, sentAt), signal);
    switch (verdict.kind) {
      case 'delivered':
        return this.#settleRows(batch, verdict.failures, sentAt, pass, attempt);
      case 'unauthorized':
        return this.#release(batch.entries, 0);
      case 'tooLarge':
        if (verdict.limit !== undefined) this.#learnLimit(verdict.limit, batch.entries.length);
        return this.#splitOr(batch, pass, (entry) => ({
          status: 'rejected',
          code: 'event_too_large',
          message: `the service takes no request as large as this event of ${entry.body.length} bytes (HTTP 413).`,
        }));
      case 'rejected':
        // The answer has taught us that our clock is fast: with that mended the rows may be fine.
        if (batch.entries.some((entry) => this.#wasAhead(entry, sentAt))) return this.#deliver(batch, pass, attempt);
        return this.#splitOr(batch, pass, () => ({
          status: 'rejected',
          code: 'http_error',
          message: `the service refused the event (HTTP ${verdict.status}): ${this.#scrub(verdict.message)}`,
        }));
      case 'retryable':
        if (signal.aborted) return this.#release(batch.entries, 0);
        if (verdict.scope === 'request') this.#setbacks.note(batch.entries, gate.successes);
        if (isSuspect) {
          const [only, ...others] = batch.entries;
          if (only !== undefined && others.length === 0 && this.#setbacks.failuresAlone(only) > maxRetries) {
            await this.#bury([only], { status: 'dropped', reason: 'retries_exhausted' });
            return true;
          }
          const delayMs = verdict.afterMs ?? backoffMs(this.#setbacks.suspicionOf(batch), random);
          return this.#release(batch.entries, Math.max(delayMs, gate.waitMs + 1));
        }
        if (!gate.isOpen) return this.#release(batch.entries, isProbe ? gate.waitMs + 1 : 0);
        if (gate.successes === answersBefore) {
          // All retries are spent and nobody else was answered either: that is an outage, not this batch.
          gate.fail(verdict.reason, verdict.afterMs);
          return this.#release(batch.entries, gate.waitMs + 1);
        }
        return this.#splitOr(batch, pass, () => ({ status: 'dropped', reason: 'retries_exhausted' }));
    }
  }

  /** Takes a partial answer row by row; what may be sent again is, with the same text. */
  async #settleRows(
    batch: Batch,
    failures: readonly RowFailure[],
    sentAt: { local: number; service: number },
    pass: Pass,
    attempt: number,
  ): Promise<boolean> {
    const { outbox, maxRetries, random } = this.#options;
    const failed = new Map(failures.map((failure) => [batch.entries[failure.index], failure]));
    const again: Entry[] = [];
    const delivered = failed.size === 0 ? batch.entries : batch.entries.filter((entry) => !failed.has(entry));
    await outbox.ack(delivered);
    this.#setbacks.forget(delivered);
    for (const entry of delivered) this.#options.onSettled(entry, { status: 'delivered' });
    for (const [entry, { retryable, message }] of failed) {
      if (entry === undefined) continue;
      if (retryable ? attempt <= maxRetries : this.#wasAhead(entry, sentAt)) again.push(entry);
      else if (retryable) await this.#bury([entry], { status: 'dropped', reason: 'retries_exhausted' });
      else await this.#bury([entry], { status: 'rejected', code: 'invalid_event', message: this.#scrub(message) });
    }
    if (again.length === 0) return true;
    await sleep(backoffMs(attempt, random), this.#stopping.signal);
    return this.#deliver({ kind: batch.kind, entries: again }, { ...pass, isProbe: false }, attempt + 1);
  }

  /** Sends the halves of a batch by themselves until the one bad row stands alone, and ends that one. */
  async #splitOr(batch: Batch, pass: Pass, outcome: (entry: Entry) => Undelivered): Promise<boolean> {
    const [only, ...others] = batch.entries;
    if (only !== undefined && others.length === 0) {
      await this.#bury([only], outcome(only));
      return true;
    }
    const [first, second] = halve(batch);
    const rest = { ...pass, isProbe: false };
    return (await this.#deliver(first, rest)) ? this.#deliver(second, rest) : this.#release(second.entries, 0);
  }

  /** [A] The limit is said to be in bytes; a number no larger than the rows that were sent can only mean rows. */
  #learnLimit(limit: number, rows: number): void {
    if (limit <= rows) this.#maxRows = Math.min(this.#maxRows, limit);
    else this.#maxBytes = Math.min(this.#maxBytes, limit);
  }

  #wasAhead(entry: Entry, sentAt: { local: number; service: number }): boolean {
    return sentTime(entry, this.#options.clock.read()) !== sentTime(entry, sentAt);
  }

  async #release(entries: readonly Entry[], delayMs: number): Promise<false> {
    await this.#options.outbox.release(entries, delayMs);
    this.#waiting += entries.length;
    this.#due = true;
    if (delayMs > 0) {
      this.#delayedUntil = Math.max(this.#delayedUntil, this.#options.monotonic() + delayMs);
      this.#wakeIn(delayMs);
    }
    return false;
  }

  async #bury(entries: readonly Entry[], outcome: Undelivered): Promise<void> {
    await this.#options.outbox.deadLetter(entries, outcome);
    this.#setbacks.forget(entries);
    for (const entry of entries) this.#options.onSettled(entry, outcome);
  }

  /** A service that quotes the request in its complaint must put neither the token nor an address into our messages. */
  #scrub(message: string): string {
    return message.replaceAll(this.#options.token, '[token]').replace(/[^\s'"<>]+@[^\s'"<>]+/g, '[email]');
  }
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, { body }) => bytes + body.length, 0);
}
