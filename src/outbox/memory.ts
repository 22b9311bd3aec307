import { type Entry, identifiersOf } from '../protocol/event.js';
import type { VolatileOutbox } from './outbox.js';
import { createQueue } from './queue.js';

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
interface Slot extends Entry {
  /** Its place in the order of append. */
  readonly order: number;
  lease: Lease | undefined;
  /** When it may be claimed, by the monotonic clock. */
  availableAt: number;
}

/** One claim's hold on its entries. */
interface Lease {
  readonly endsAt: number;
  readonly slots: Slot[];
}

/** An outbox in this process's memory, bounded by count and bytes. Everything in it is lost with the process. */
export function createMemoryOutbox(options: MemoryOutboxOptions = {}): VolatileOutbox {
  const {
    maxQueueSize = DEFAULT_QUEUE_SIZE,
    maxQueueBytes = DEFAULT_QUEUE_BYTES,
    whenFull = 'drop-newest',
    monotonic = () => performance.now(),
  } = options;
  /** Entries that no claim has looked at. */
  const fresh = createQueue<Slot>();
  /** Waiting entries that a claim gave back or passed over, in order, all of them before the fresh ones. */
  let returned: Slot[] = [];
  /** Few: one for each batch under way. */
  let leases: Lease[] = [];
  /** Identifier → unsettled identifies of that visitor, oldest first. Nearly always empty. */
  const identifies = new Map<string, Set<Slot>>();
  let claimed = 0;
  let bytes = 0;
  let order = 0;

  const countWaiting = (): number => returned.length + fresh.size;

  /** Drops the oldest until the entry has room, where that is wanted; tells whether it has. */
  function makeRoom({ body }: Entry, dropped: Entry[]): boolean {
    while (claimed + countWaiting() >= maxQueueSize || bytes + body.length > maxQueueBytes) {
      if (whenFull === 'drop-newest' || body.length > maxQueueBytes) return false;
      // Claimed entries are on their way and stay.
      const oldest = returned.shift() ?? fresh.shift();
      if (oldest === undefined) return false;
      forget(oldest);
      dropped.push(oldest);
    }
    return true;
  }

  function forget(slot: Slot): void {
    bytes -= slot.body.length;
    if (slot.kind === 'track') return;
    for (const identifier of identifiersOf(slot)) {
      const line = identifies.get(identifier);
      line?.delete(slot);
      if (line?.size === 0) identifies.delete(identifier);
    }
  }

  /** Whether an earlier identify of the same visitor is unsettled and not in the claim that is being made. */
  function mustWait(slot: Slot, lease: Lease): boolean {
    if (identifies.size === 0) return false;
    return identifiersOf(slot).some((identifier) => {
      // They are in order, so the first that is not in the claim decides.
      for (const other of identifies.get(identifier) ?? []) if (other.lease !== lease) return other.order < slot.order;
      return false;
    });
  }

  /** Takes the lease from those entries that have one; the others are none of the caller's any more. */
  function unclaim(entries: readonly Entry[]): Slot[] {
    const slots = (entries as readonly Slot[]).filter(({ lease }) => lease !== undefined);
    for (const slot of slots) slot.lease = undefined;
    claimed -= slots.length;
    return slots;
  }

  async function settle(entries: readonly Entry[]): Promise<void> {
    unclaim(entries).forEach(forget);
  }

  function giveBack(entries: readonly Entry[], availableAt: number): void {
    for (const slot of unclaim(entries)) {
      slot.availableAt = availableAt;
      returned.push(slot);
    }
    returned.sort((a, b) => a.order - b.order);
  }

  function endLeases(now: number): void {
    leases = leases.filter((lease) => {
      const isHeld = (slot: Slot): boolean => slot.lease === lease;
      if (lease.endsAt > now) return lease.slots.some(isHeld);
      giveBack(lease.slots.filter(isHeld), now);
      return false;
    });
  }

  return {
    durable: false,
    async append(entries) {
      const dropped: Entry[] = [];
      for (const entry of entries) {
        if (!makeRoom(entry, dropped)) {
          dropped.push(entry);
          continue;
        }
        order += 1;
        const slot = toSlot(entry, order);
        fresh.push(slot);
        bytes += slot.body.length;
        if (slot.kind === 'track') continue;
        for (const identifier of identifiersOf(slot)) {
          identifies.set(identifier, (identifies.get(identifier) ?? new Set()).add(slot));
        }
      }
      const unanswered = dropped.filter(({ wasSent }) => wasSent);
      return unanswered.length === 0 ? { dropped } : { dropped, unanswered };
    },
    async claim({ maxEntries, maxBytes, leaseMs }) {
      const now = monotonic();
      endLeases(now);
      const slots: Slot[] = [];
      const lease: Lease = { endsAt: now + leaseMs, slots };
      let room = maxBytes;
      let isFull = false;

      /** Claims the slot, unless it must wait or the claim is full; tells whether it has. */
      const take = (slot: Slot): boolean => {
        if (isFull || slot.availableAt > now || mustWait(slot, lease)) return false;
        const size = slot.body.length + 1;
        isFull = slots.length >= maxEntries || (slots.length > 0 && size > room);
        if (isFull) return false;
        room -= size;
        slot.lease = lease;
        slots.push(slot);
        return true;
      };

      returned = returned.filter((slot) => !take(slot));
      // A long line of events behind one slow identify is looked through in pieces, not all at once on every claim. An empty
      // claim, though, says that nothing can be had.
      for (let looked = 0; !isFull && (slots.length === 0 || looked < 2 * maxEntries); looked += 1) {
        const slot = fresh.shift();
        if (slot === undefined) break;
        if (!take(slot)) returned.push(slot);
      }
      if (slots.length > 0) leases.push(lease);
      claimed += slots.length;
      return slots;
    },
    ack: settle,
    deadLetter: settle,
    async release(entries, delayMs) {
      giveBack(entries, monotonic() + delayMs);
    },
    async stats() {
      return { waiting: countWaiting(), claimed, bytes };
    },
    async close() {},
  };
}

/** Field by field: as a spread it takes fifty times as long. */
function toSlot(entry: Entry, order: number): Slot {
  const { kind, distinctId, event, body, time, userId, externalId, email, owner, mayBeAhead } = entry;
  return {
    kind,
    distinctId,
    event,
    body,
    time,
    userId,
    externalId,
    email,
    owner,
    mayBeAhead,
    order,
    lease: undefined,
    availableAt: 0,
    wasSent: false,
  };
}
