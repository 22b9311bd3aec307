import type { Entry } from '../protocol/event.js';
import { createIdentifyIndex } from './memory/identify-index.js';
import { type Arrival, detachFew, type Lease, type Slot, toSlot } from './memory/slot.js';
import type { VolatileOutbox } from './outbox.js';
import { matcherOf } from './person-matcher.js';
import { createQueue } from './queue.js';

/** What to drop when an event finds the queue full. */
export type WhenFull = 'drop-newest' | 'drop-oldest';

export interface MemoryOutboxOptions {
  /** Maximum entries, claimed ones included. @default 100_000 */
  readonly maxQueueSize?: number | undefined;
  /** Maximum UTF-8 bytes of all entries. @default 64 MiB */
  readonly maxQueueBytes?: number | undefined;
  /** @default 'drop-newest' */
  readonly whenFull?: WhenFull | undefined;
  /** A monotonic clock in milliseconds, for leases and delays. @default performance.now */
  readonly monotonic?: (() => number) | undefined;
}

export const DEFAULT_QUEUE_SIZE = 100_000;
export const DEFAULT_QUEUE_BYTES: number = 64 * 1024 * 1024;

/**
 * An outbox in this process's memory, limited by count and bytes. Its entries are lost with the process.
 *
 *   waiting ──claim──▶ claimed ──ack, deadLetter──▶ gone
 *   claimed ──release, expired lease──▶ waiting
 */
export function createMemoryOutbox(options: MemoryOutboxOptions = {}): VolatileOutbox {
  const {
    maxQueueSize = DEFAULT_QUEUE_SIZE,
    maxQueueBytes = DEFAULT_QUEUE_BYTES,
    whenFull = 'drop-newest',
    monotonic = () => performance.now(),
  } = options;
  /** Entries that no claim has seen. */
  const fresh = createQueue<Slot>();
  /** Waiting entries that a claim put back or passed over, in order. All of them come before the fresh ones. */
  let returned: Slot[] = [];
  const identifies = createIdentifyIndex();
  /** Few: one for each batch under way. */
  let leases: Lease[] = [];
  let claimed = 0;
  let bytes = 0;
  let sequence = 0;

  const countWaiting = (): number => returned.length + fresh.size;

  function remove(slot: Slot): void {
    bytes -= slot.body.length;
    identifies.remove(slot);
  }

  /** Makes room for an entry, by dropping the oldest ones if configured; returns whether there is room. */
  function makeRoom({ body }: Entry, dropped: Entry[]): boolean {
    while (claimed + countWaiting() >= maxQueueSize || bytes + body.length > maxQueueBytes) {
      if (whenFull === 'drop-newest' || body.length > maxQueueBytes) return false;
      // Claimed entries are being sent and stay.
      const oldest = returned.shift() ?? fresh.shift();
      if (oldest === undefined) return false;
      remove(oldest);
      dropped.push(oldest);
    }
    return true;
  }

  /** Ends the lease of an entry. Returns whether it had one: otherwise it belongs to another claim, or to none. */
  function unclaim(slot: Slot): boolean {
    if (slot.lease === undefined) return false;
    slot.lease = undefined;
    claimed -= 1;
    return true;
  }

  async function settle(entries: readonly Entry[]): Promise<void> {
    for (const slot of entries as readonly Slot[]) if (unclaim(slot)) remove(slot);
  }

  /** Keeps slots that must go on waiting, possibly for days. */
  function setAside(slots: readonly Slot[]): void {
    detachFew(slots);
    for (const slot of slots) returned.push(slot);
  }

  function putBack(entries: readonly Entry[], availableAt: number): void {
    const back = (entries as readonly Slot[]).filter(unclaim);
    for (const slot of back) slot.availableAt = availableAt;
    setAside(back);
    returned.sort((a, b) => a.sequence - b.sequence);
  }

  const heldSlots = (): Slot[] => leases.flatMap((lease) => lease.slots.filter((slot) => slot.lease === lease));

  function expireLeases(now: number): void {
    leases = leases.filter((lease) => {
      const isHeld = (slot: Slot): boolean => slot.lease === lease;
      if (lease.endsAt > now) return lease.slots.some(isHeld);
      putBack(lease.slots.filter(isHeld), now);
      return false;
    });
  }

  return {
    durable: false,
    async append(entries) {
      const dropped: Entry[] = [];
      const arrival: Arrival = { at: monotonic() };
      for (const entry of entries) {
        if (!makeRoom(entry, dropped)) {
          dropped.push(entry);
          continue;
        }
        sequence += 1;
        const slot = toSlot(entry, sequence, arrival);
        bytes += slot.body.length;
        fresh.push(slot);
        identifies.add(slot);
      }
      const unanswered = dropped.filter(({ wasSent }) => wasSent);
      return unanswered.length === 0 ? { dropped } : { dropped, unanswered };
    },
    async claim({ maxEntries, maxBytes, leaseMs }) {
      const now = monotonic();
      expireLeases(now);
      const slots: Slot[] = [];
      const lease: Lease = { endsAt: now + leaseMs, slots };
      let room = maxBytes;
      let isFull = false;

      /** Claims the slot, unless it must wait or the claim is full; returns whether it did. */
      const take = (slot: Slot): boolean => {
        if (isFull || slot.availableAt > now || identifies.blocks(slot, lease)) return false;
        const size = slot.body.length + 1;
        isFull = slots.length >= maxEntries || (slots.length > 0 && size > room);
        if (isFull) return false;
        room -= size;
        slot.lease = lease;
        slots.push(slot);
        return true;
      };

      if (returned.length > 0) returned = returned.filter((slot) => !take(slot));
      // A long queue behind one slow identify is scanned in parts, not entirely by every claim. But an empty claim must mean that
      // nothing can be claimed.
      const passed: Slot[] = [];
      for (let scanned = 0; !isFull && (slots.length === 0 || scanned < 2 * maxEntries); scanned += 1) {
        const slot = fresh.shift();
        if (slot === undefined) break;
        if (!take(slot)) passed.push(slot);
      }
      setAside(passed);
      if (slots.length > 0) leases.push(lease);
      claimed += slots.length;
      return slots;
    },
    ack: settle,
    deadLetter: settle,
    async release(entries, delayMs) {
      putBack(entries, monotonic() + delayMs);
    },
    async forget(person, options) {
      const { dryRun = false, onRemoved } = options ?? {};
      const isTheirs = matcherOf(person);
      expireLeases(monotonic());
      const held = heldSlots().filter(isTheirs);
      const theirs: Slot[] = [...held];
      const stays = (slot: Slot): boolean => {
        if (!isTheirs(slot)) return true;
        theirs.push(slot);
        return dryRun;
      };
      returned = returned.filter(stays);
      for (let left = fresh.size; left > 0; left -= 1) {
        const slot = fresh.shift()!;
        if (stays(slot)) fresh.push(slot);
      }
      if (!dryRun) {
        for (const slot of theirs) {
          remove(slot);
          onRemoved?.(slot, unclaim(slot));
        }
      }
      return { entries: theirs.length, claimed: held.length, deadLetters: 0, unreadable: 0 };
    },
    async stats() {
      return { waiting: countWaiting(), claimed, bytes };
    },
    async oldest() {
      const first = [returned[0], fresh.peek(), ...heldSlots()].reduce(earlier, undefined);
      return first && { appendedAt: Date.now() - (monotonic() - first.arrival.at) };
    },
    async close() {},
  };
}

function earlier(one: Slot | undefined, other: Slot | undefined): Slot | undefined {
  return one === undefined || (other !== undefined && other.sequence < one.sequence) ? other : one;
}
