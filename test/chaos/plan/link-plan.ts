import type { Random } from '../random.js';

/**
 * What a network does to connections.
 *
 * - `cut`: every connection is reset; new ones work.
 * - `refuse`: every connection is reset, and new ones are for as long as the spell lasts.
 * - `stall`: no byte passes; afterwards everything that waited goes on.
 * - `stallThenCut`: no byte passes; afterwards every connection is reset.
 * - `blackHole`: present connections never pass a byte again and are never closed; new ones work.
 * - `swallowAnswers`: the same, but what is sent still arrives.
 * - `halfClose`: the far end is told that nothing more will come; answers still pass.
 * - `slow`: every piece is late.
 */
export const LINK_FAULTS = [
  'cut',
  'refuse',
  'stall',
  'stallThenCut',
  'blackHole',
  'swallowAnswers',
  'halfClose',
  'slow',
] as const;
export type LinkFault = (typeof LINK_FAULTS)[number];

/** Milliseconds since the run began. */
export interface LinkSpell {
  readonly from: number;
  readonly to: number;
  readonly fault: LinkFault;
}

/** @param everyMs how far apart spells are, about */
export function planLink(random: Random, faultMs: number, everyMs: number): LinkSpell[] {
  const spells: LinkSpell[] = [];
  for (let from = random.between(1_000, everyMs); from < faultMs; ) {
    const to = Math.min(faultMs, from + random.between(100, 6_000));
    spells.push({ from, to, fault: random.pick(LINK_FAULTS) });
    from = to + random.between(everyMs / 4, everyMs);
  }
  return spells;
}
