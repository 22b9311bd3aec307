import type { Undelivered } from '../outcome.js';
import { type Entry, identifiersOf } from '../protocol/event.js';
import type { Appended, ClaimOptions, OutboxStats, VolatileOutbox } from './outbox.js';
import { Queue } from './queue.js';

/** What to do with an event that finds the queue full. */
export type WhenFull = 'drop-newest' | 'drop-oldest';

export interface MemoryOutboxOptions {
  /** Entries, claimed ones included. @default 100_000 */
  readonly maxQueueSize?: number | undefined;
  /** UTF-8 bytes of all entries. @default 64 MiB */
  readonly maxQueueBytes?: number | undefined;
  /** @default 'drop-newest' */
  readonly whenFull?: WhenFull | undefined;
  /** Monotonic milliseconds, for leases and delays. @default performance.now */
  readonly monotonic?: (() => number) | undefined;
}

export const DEFAULT_QUEUE_SIZE = 100_000;
export const DEFAULT_QUEUE_BYTES: number = 64 * 1024 * 1024;

/**
 * An entry in its place: claimed while it has a lease, waiting otherwise. The outbox hands out these very objects, so that
 * settling one needs no look-up; a map of all entries by id would cost more than everything else here.
 */
class Slot implements Entry {
  readonly kind: Entry['kind'];
  readonly distinctId: string;
  readonly event: string;
  readonly body: Uint8Array;
  readonly time: number;
  readonly userId: string | undefined;
  readonly externalId: string | undefined;
  readonly email: string | undefined;
  readonly owner: unknown;
  readonly order: number;
  lease: Lease | undefined;

  constructor(entry: Entry, order: number) {
    this.kind = entry.kind;
    this.distinctId = entry.distinctId;
    this.event = entry.event;
    this.body = entry.body;
    this.time = entry.time;
    this.userId = entry.userId;
    this.externalId = entry.externalId;
    this.email = entry.email;
    this.owner = entry.owner;
    this.order = order;
    this.lease = undefined;
  }
}

/** One claim's hold on its entries. */
interface Lease {
  readonly endsAt: number;
  readonly slots: readonly Slot[];
}

/** An outbox in this process's memory, bounded by count and bytes. Everything in it is lost with the process. */
export function createMemoryOutbox(options: MemoryOutboxOptions = {}): VolatileOutbox {
  return new MemoryOutbox(options);
}

class MemoryOutbox implements VolatileOutbox {
  readonly durable = false;
  readonly #maxSize: number;
  readonly #maxBytes: number;
  readonly #whenFull: WhenFull;
  readonly #monotonic: () => number;

  readonly #fresh = new Queue<Slot>();
  /** Entries given back, ahead of the fresh ones; few, except after an outage. */
  #returned: { slot: Slot; availableAt: number }[] = [];
  /** Few: one for each batch under way. */
  #leases: Lease[] = [];
  /** Identifier → unsettled identifies of that visitor, oldest first. Nearly always empty. */
  readonly #identifies = new Map<string, Slot[]>();
  #size = 0;
  #bytes = 0;
  #claimed = 0;
  #order = 0;

  constructor(options: MemoryOutboxOptions) {
    this.#maxSize = options.maxQueueSize ?? DEFAULT_QUEUE_SIZE;
    this.#maxBytes = options.maxQueueBytes ?? DEFAULT_QUEUE_BYTES;
    this.#whenFull = options.whenFull ?? 'drop-newest';
    this.#monotonic = options.monotonic ?? (() => performance.now());
  }

  async append(entries: readonly Entry[]): Promise<Appended> {
    const dropped: Entry[] = [];
    for (const entry of entries) {
      if (!this.#makeRoom(entry, dropped)) {
        dropped.push(entry);
        continue;
      }
      this.#order += 1;
      const slot = new Slot(entry, this.#order);
      this.#size += 1;
      this.#bytes += entry.body.length;
      this.#fresh.push(slot);
      if (entry.kind === 'identify') this.#rememberIdentify(slot);
    }
    return { dropped };
  }

  async claim({ maxEntries, maxBytes, leaseMs }: ClaimOptions): Promise<readonly Entry[]> {
    const now = this.#monotonic();
    this.#endLeases(now);
    const claimed: Slot[] = [];
    const passedOver: { slot: Slot; availableAt: number }[] = [];
    const ownLease: Lease = { endsAt: now + leaseMs, slots: claimed };
    let bytes = 0;

    /** Takes the slot, passes it over, or says that the claim is full. */
    const consider = (slot: Slot, availableAt: number): boolean => {
      if (availableAt > now || this.#mustWait(slot, ownLease)) {
        passedOver.push({ slot, availableAt });
        return true;
      }
      const size = slot.body.length + 1;
      if (claimed.length >= maxEntries || (claimed.length > 0 && bytes + size > maxBytes)) return false;
      bytes += size;
      slot.lease = ownLease;
      claimed.push(slot);
      return true;
    };

    if (this.#returned.length > 0) {
      const returned = this.#returned;
      let next = 0;
      while (next < returned.length && consider(returned[next]!.slot, returned[next]!.availableAt)) next += 1;
      this.#returned = [...passedOver.splice(0), ...returned.slice(next)];
    }
    for (let slot = this.#fresh.peek(); slot !== undefined && consider(slot, now); slot = this.#fresh.peek()) {
      this.#fresh.shift();
      // A long line of events behind one slow identify is looked through in pieces, not all at once on every claim. An
      // empty claim, though, says that nothing can be had.
      if (claimed.length > 0 && passedOver.length >= maxEntries) break;
    }
    this.#returned.push(...passedOver);
    if (claimed.length > 0) this.#leases.push(ownLease);
    this.#claimed += claimed.length;
    return claimed;
  }

  async ack(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.#remove(entry);
  }

  async deadLetter(entries: readonly Entry[], _outcome: Undelivered): Promise<void> {
    for (const entry of entries) this.#remove(entry);
  }

  async release(entries: readonly Entry[], delayMs: number): Promise<void> {
    const availableAt = this.#monotonic() + delayMs;
    for (const slot of entries) if (isClaimed(slot)) this.#return(slot, availableAt);
    this.#returned.sort((a, b) => a.slot.order - b.slot.order);
  }

  async stats(): Promise<OutboxStats> {
    return { waiting: this.#size - this.#claimed, claimed: this.#claimed, bytes: this.#bytes };
  }

  async close(): Promise<void> {}

  #makeRoom(entry: Entry, dropped: Entry[]): boolean {
    const fits = (): boolean => this.#size < this.#maxSize && this.#bytes + entry.body.length <= this.#maxBytes;
    while (!fits()) {
      if (this.#whenFull === 'drop-newest' || entry.body.length > this.#maxBytes) return false;
      // Claimed entries are on their way and stay.
      const oldest = this.#returned.shift()?.slot ?? this.#fresh.shift();
      if (oldest === undefined) return false;
      this.#forget(oldest);
      dropped.push(oldest);
    }
    return true;
  }

  #remove(entry: Entry): void {
    if (!isClaimed(entry)) return;
    this.#claimed -= 1;
    this.#forget(entry);
  }

  #forget(slot: Slot): void {
    slot.lease = undefined;
    this.#size -= 1;
    this.#bytes -= slot.body.length;
    if (slot.kind === 'identify') this.#forgetIdentify(slot);
  }

  #return(slot: Slot, availableAt: number): void {
    this.#claimed -= 1;
    slot.lease = undefined;
    this.#returned.push({ slot, availableAt });
  }

  #endLeases(now: number): void {
    this.#leases = this.#leases.filter((lease) => {
      const isHeld = (slot: Slot): boolean => slot.lease === lease;
      if (lease.endsAt > now) return lease.slots.some(isHeld);
      for (const slot of lease.slots) if (isHeld(slot)) this.#return(slot, now);
      return false;
    });
  }

  #rememberIdentify(slot: Slot): void {
    for (const identifier of identifiersOf(slot)) {
      const line = this.#identifies.get(identifier);
      if (line === undefined) this.#identifies.set(identifier, [slot]);
      else line.push(slot);
    }
  }

  #forgetIdentify(slot: Slot): void {
    for (const identifier of identifiersOf(slot)) {
      const rest = (this.#identifies.get(identifier) ?? []).filter((other) => other !== slot);
      if (rest.length === 0) this.#identifies.delete(identifier);
      else this.#identifies.set(identifier, rest);
    }
  }

  /** Whether an earlier identify of the same visitor is unsettled and not in the claim that is being made. */
  #mustWait(slot: Slot, ownLease: Lease): boolean {
    if (this.#identifies.size === 0) return false;
    return identifiersOf(slot).some((identifier) =>
      this.#identifies.get(identifier)?.some((other) => other.order < slot.order && other.lease !== ownLease),
    );
  }
}

function isClaimed(entry: Entry): entry is Slot {
  return entry instanceof Slot && entry.lease !== undefined;
}
