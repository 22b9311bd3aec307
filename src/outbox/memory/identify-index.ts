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
  /** The claim under way. It is synchronous, so nothing is added or removed meanwhile. */
  let claim: Lease | undefined;
  /** How far it has looked: one that takes thousands of a person would otherwise pass all of them for each. */
  const passes = new Map<string, { rest: Iterator<Slot, undefined>; first: Slot | undefined }>();
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
      // What the last claim held would stay in memory.
      if (identifies.size === 0) passes.clear();
    },
    blocks(slot, lease) {
      if (identifies.size === 0) return false;
      if (claim !== lease) {
        claim = lease;
        passes.clear();
      }
      return identifiersOf(slot).some((identifier) => {
        const slots = identifies.get(identifier);
        if (slots === undefined) return false;
        let pass = passes.get(identifier);
        if (pass === undefined) {
          const rest = slots.values();
          pass = { rest, first: rest.next().value };
          passes.set(identifier, pass);
        }
        // They are in order, so the first one outside the claim decides.
        while (pass.first?.lease === lease) pass.first = pass.rest.next().value;
        return pass.first !== undefined && pass.first.sequence < slot.sequence;
      });
    },
  };
}
