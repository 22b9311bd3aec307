import type { Random } from '../random.js';
import { POISONS } from '../service/poison.js';
import type { Nature } from './diary.js';
import { trueNow } from './wall-clock.js';

const MINUTE_MS = 60_000;
const VISITORS = 8;

/** An event that a producer is about to track. */
export interface Planned {
  readonly key: string;
  readonly kind: 'track' | 'identify';
  readonly nature: Nature;
  readonly userId: string;
  /** `undefined` if the client should generate one. */
  readonly distinctId: string | undefined;
  readonly time: number | undefined;
  readonly eventProperties: Readonly<Record<string, unknown>>;
  /** Grows with every event: tells in which order a visitor's identifies were made. */
  readonly number: number;
}

export interface EventMix {
  readonly name: string;
  readonly poison: number;
  /** Whether the producer's clock is right, so that it can pass times of its own. */
  readonly isHonest: boolean;
}

/** Returns a function that plans one event after the other. */
export function planEvents(random: Random, { name, poison, isHonest }: EventMix): () => Planned {
  let n = 0;
  return () => {
    n += 1;
    const key = `${name}.${n}`;
    const kind = n <= VISITORS || random.chance(0.06) ? 'identify' : 'track';
    const nature: Nature =
      kind === 'identify' ? 'good' : random.chance(poison) ? 'poison' : random.chance(0.01) ? 'bad' : 'good';
    return {
      key,
      kind,
      nature,
      // The first event of each visitor is an identify.
      userId: `${name} visitor ${n <= VISITORS ? n : random.between(1, VISITORS)}`,
      distinctId: random.chance(0.7) ? key : undefined,
      time: isHonest && random.chance(0.3) ? trueNow() - random.between(0, 60 * MINUTE_MS) : undefined,
      eventProperties: {
        key,
        ...(nature === 'bad' && { bad: 'yes' }),
        ...(nature === 'poison' && { poison: random.pick(POISONS) }),
        ...properties(random),
      },
      number: n,
    };
  };
}

/** Small and large properties, ASCII and not. */
function properties(random: Random): Record<string, unknown> {
  const shape = random.next();
  if (shape < 0.6) return { value: random.between(1, 10_000) / 100, currency: 'EUR' };
  if (shape < 0.8) return { name: 'Žluťoučký kůň 🐎 “quoted” \u2028', empty: '', nothing: null, yes: true };
  if (shape < 0.97) return Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`field ${at}`, random.next()]));
  return { text: 'ж'.repeat(random.between(1_000, 10_000)) };
}
