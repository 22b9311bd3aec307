import type { Random } from '../random.js';

/**
 * What a network does to connections.
 *
 * - `cut`: every connection is reset; new ones work.
 * - `refuse`: every connection is reset, and so are new ones until the spell ends.
 * - `stall`: no byte passes until the spell ends; then everything that waited is passed on.
 * - `stallThenCut`: no byte passes until the spell ends; then every connection is reset.
 * - `blackHole`: existing connections never pass a byte again and are never closed; new ones work.
 * - `swallowAnswers`: the same, but requests still arrive.
 * - `halfClose`: the server sees the end of its input; answers still pass.
 * - `slow`: every chunk is delayed.
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

/** @param everyMs roughly how far apart spells are */
export function planLink(random: Random, faultMs: number, everyMs: number): LinkSpell[] {
  const spells: LinkSpell[] = [];
  for (let from = random.between(1_000, everyMs); from < faultMs; ) {
    const to = Math.min(faultMs, from + random.between(100, 6_000));
    spells.push({ from, to, fault: random.pick(LINK_FAULTS) });
    from = to + random.between(everyMs / 4, everyMs);
  }
  return spells;
}
