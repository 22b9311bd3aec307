import { identifiersOf } from '../../protocol/event.js';
import type { Lease, Slot } from './slot.js';

/** The unsettled identifies of each person, which later events of that person must not overtake. */
export interface IdentifyIndex {
  add(slot: Slot): void;
  remove(slot: Slot): void;
  /** Whether an earlier identify of the same person is unsettled and not in this claim. */
  blocks(slot: Slot, lease: Lease): boolean;
}

export function createIdentifyIndex(): IdentifyIndex {
  /** Identifier → unsettled identifies with it, oldest first. Nearly always empty. */
  const identifies = new Map<string, Set<Slot>>();
  return {
    add(slot) {
      if (slot.kind === 'track') return;
      for (const identifier of identifiersOf(slot)) {
        identifies.set(identifier, (identifies.get(identifier) ?? new Set()).add(slot));
      }
    },
    remove(slot) {
      if (slot.kind === 'track') return;
      for (const identifier of identifiersOf(slot)) {
        const slots = identifies.get(identifier);
        slots?.delete(slot);
        if (slots?.size === 0) identifies.delete(identifier);
      }
    },
    blocks(slot, lease) {
      if (identifies.size === 0) return false;
      return identifiersOf(slot).some((identifier) => {
        // They are in order, so the first one outside the claim decides.
        for (const other of identifies.get(identifier) ?? []) {
          if (other.lease !== lease) return other.sequence < slot.sequence;
        }
        return false;
      });
    },
  };
}
