import type { Entry, OutboxNotes } from '../../protocol/event.js';

/**
 * An entry in the memory outbox: claimed while it has a lease, waiting otherwise. Claims return these same objects, so that settling
 * one needs no look-up; a map of all entries by id would cost more than everything else in the outbox.
 */
export interface Slot extends Entry, OutboxNotes {
  body: Uint8Array;
  lease: Lease | undefined;
  arrival: Arrival;
}

/** One claim's lease on its entries. */
export interface Lease {
  readonly endsAt: number;
  readonly slots: Slot[];
}

/** One append. Its entries share it: a number of their own would be an object each. */
export interface Arrival {
  /** By the monotonic clock. */
  readonly at: number;
}

/** An entry of the encoder has room for an outbox's notes. One without, or that an outbox has noted something in, is copied. */
export function toSlot(entry: Entry, sequence: number, arrival: Arrival): Slot {
  const isUnused = (entry as Partial<OutboxNotes>).sequence === 0;
  // A spread takes fifty times as long as an entry of the encoder, which is why that has room.
  const slot = (isUnused ? entry : { ...entry, wasSent: false, lease: undefined, availableAt: 0 }) as Slot;
  slot.sequence = sequence;
  slot.arrival = arrival;
  return slot;
}

/**
 * Gives slots bodies of their own where they fill less than half of the buffer that they share with other rows of the encoder.
 * They would keep all of it in memory once those are delivered.
 */
export function detachFew(slots: readonly Slot[]): void {
  let from = 0;
  let bytes = 0;
  slots.forEach(({ body }, at) => {
    bytes += body.length;
    // Rows of one buffer stand side by side.
    if (slots[at + 1]?.body.buffer === body.buffer) return;
    if (2 * bytes < body.buffer.byteLength) for (const slot of slots.slice(from, at + 1)) slot.body = slot.body.slice();
    from = at + 1;
    bytes = 0;
  });
}
