import type { Entry } from '../protocol/event.js';

export interface ClaimOptions {
  readonly maxEntries: number;
  /** The entries' bodies added up, with one byte more for each, stay within this many bytes; a first entry above it comes alone. */
  readonly maxBytes: number;
  /** How long the entries are the claimer's alone. */
  readonly leaseMs: number;
}

/** What became of an append. */
export interface Appended {
  /** Entries that found no room, or older ones that had to make room for them. They are gone. */
  readonly dropped: readonly Entry[];
}

export interface OutboxStats {
  /** Entries waiting to be claimed, delayed ones included. */
  readonly waiting: number;
  /** Entries claimed and not yet settled. */
  readonly claimed: number;
  /** Bytes of both. */
  readonly bytes: number;
}

/**
 * Where events wait until the service has them. The duties of an implementation:
 *
 * - **Durability.** When `append` resolves, the entries survive what the outbox claims to survive (`durable`).
 * - **Idempotence.** A durable outbox ignores an entry whose `distinctId` is already inside. One in memory may take both:
 *   the service counts one. `ack`, `release` and `deadLetter` ignore entries that are no longer claimed.
 * - **Leases.** A claimed entry is handed out to nobody else until it is released or its lease ends; after that it is
 *   handed out again, so that a dead relay's entries are not lost.
 * - **Order.** Roughly first in, first out. Strictly: no entry is handed out while an earlier `identify` that shares an
 *   identifier with it is unsettled, unless both are in the same claim, in order.
 * - **Errors.** Every method may reject; nothing may throw synchronously. A rejected `append` took none of its entries.
 */
export interface Outbox {
  /** Whether an appended entry survives the death of the process. */
  readonly durable: boolean;
  append(entries: readonly Entry[]): Promise<Appended>;
  claim(options: ClaimOptions): Promise<readonly Entry[]>;
  /** The entries have been delivered. */
  ack(entries: readonly Entry[]): Promise<void>;
  /** The entries go back to be claimed again, not before `delayMs` from now. */
  release(entries: readonly Entry[], delayMs: number): Promise<void>;
  /** The entries will never be delivered; a durable outbox keeps them aside with the reason. */
  deadLetter(entries: readonly Entry[], reason: string): Promise<void>;
  stats(): Promise<OutboxStats>;
  close(): Promise<void>;
}
