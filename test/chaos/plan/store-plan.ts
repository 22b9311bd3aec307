import type { Random } from '../random.js';
import type { CrewName } from './schedule.js';

/** The faults of each store. */
export const STORE_FAULTS = {
  memory: [],
  sqlite: ['lockedFile', 'longReader'],
  redis: ['restart', 'kill', 'freeze', 'clientsKilled', 'paused', 'readOnly', 'outOfMemory', 'tooManyClients'],
  postgres: [
    'restart',
    'kill',
    'freeze',
    'terminated',
    'cancelled',
    'readOnly',
    'lockedTable',
    'tooManyClients',
    'shortTimeouts',
  ],
} as const satisfies Record<CrewName, readonly string[]>;
export type StoreFault = (typeof STORE_FAULTS)[CrewName][number];

/** Milliseconds since the run began. */
export interface StoreSpell {
  readonly from: number;
  readonly to: number;
  readonly fault: StoreFault;
}

/** Plans one fault after the other, with time to recover in between. */
export function planStore(random: Random, crew: CrewName, faultMs: number): StoreSpell[] {
  const faults: readonly StoreFault[] = STORE_FAULTS[crew];
  const spells: StoreSpell[] = [];
  if (faults.length === 0) return spells;
  for (let from = random.between(1_000, 8_000); from < faultMs; ) {
    const to = Math.min(faultMs, from + random.between(200, random.chance(0.2) ? 15_000 : 5_000));
    spells.push({ from, to, fault: random.pick(faults) });
    from = to + random.between(2_000, 10_000);
  }
  return spells;
}
