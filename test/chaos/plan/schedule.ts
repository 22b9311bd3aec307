import { createRandom, type Random } from '../random.js';
import { SERVICE_FAULTS, type ServiceFault } from '../service/faults.js';
import { type LinkSpell, planLink } from './link-plan.js';
import { planStore, type StoreSpell } from './store-plan.js';
import { planWorkers, type WorkerPlan } from './worker-plan.js';

export const CREWS = ['memory', 'sqlite', 'redis', 'postgres'] as const;
export type CrewName = (typeof CREWS)[number];

/** When the service fails (milliseconds since the run began), how often, and how. */
export interface ServiceSpell {
  readonly from: number;
  readonly to: number;
  readonly chance: number;
  readonly faults: readonly ServiceFault[];
  /** The endpoint that fails; both without it. */
  readonly only?: 'batch' | 'identify' | undefined;
}

/** Everything that happens in a run. It depends only on the seed, the crew and the length. */
export interface Schedule {
  readonly seed: number;
  readonly crew: CrewName;
  /** When the faults end. */
  readonly faultMs: number;
  readonly service: readonly ServiceSpell[];
  readonly serviceLink: readonly LinkSpell[];
  readonly storeLink: readonly LinkSpell[];
  readonly store: readonly StoreSpell[];
  readonly workers: readonly WorkerPlan[];
}

export function planSchedule(seed: number, crew: CrewName, faultMs: number): Schedule {
  const random = createRandom(`${seed}/${crew}`);
  const hasLink = crew === 'redis' || crew === 'postgres';
  return {
    seed,
    crew,
    faultMs,
    service: planService(random.fork('service'), faultMs),
    serviceLink: planLink(random.fork('service link'), faultMs, 12_000),
    storeLink: hasLink ? planLink(random.fork('store link'), faultMs, 12_000) : [],
    store: planStore(random.fork('store'), crew, faultMs),
    workers: planWorkers(random.fork('workers'), crew, faultMs),
  };
}

/** A refused token pauses delivery for up to a minute, which is too long for a short run. */
const MIN_MS_FOR_401 = 3 * 60_000;
const LONGEST_MS = { calm: 8_000, mixed: 8_000, outage: 6_000, 'half outage': 20_000 } as const;

/** Alternates between calm, a share of all faults, and outages in which every request to both endpoints or one meets the same fault. */
function planService(random: Random, faultMs: number): ServiceSpell[] {
  const known = SERVICE_FAULTS.filter((fault) => fault !== '401' || faultMs >= MIN_MS_FOR_401);
  const spells: ServiceSpell[] = [];
  for (let from = 0; from < faultMs; ) {
    const weather = random.pick(['calm', 'mixed', 'mixed', 'mixed', 'outage', 'half outage'] as const);
    const to = Math.min(faultMs, from + random.between(1_500, LONGEST_MS[weather]));
    if (weather === 'mixed') spells.push({ from, to, chance: random.pick([0.05, 0.2, 0.5]), faults: known });
    if (weather === 'outage') spells.push({ from, to, chance: 1, faults: [random.pick(known)] });
    if (weather === 'half outage') {
      const only = random.pick(['batch', 'identify'] as const);
      spells.push({ from, to, chance: 1, faults: [random.pick(known)], only });
    }
    from = to;
  }
  return spells;
}
