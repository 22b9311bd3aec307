import { expect, it } from 'vitest';
import { CREWS, planSchedule } from './plan/schedule.js';

const MINUTE_MS = 60_000;

it.for(CREWS)('the same seed plans the same run, another one another: %s', (crew) => {
  const planned = planSchedule(7, crew, MINUTE_MS);
  expect(planSchedule(7, crew, MINUTE_MS)).toEqual(planned);
  expect(planSchedule(8, crew, MINUTE_MS)).not.toEqual(planned);
});

it.for(CREWS)('every fault of a run ends with it, and a process that delivers is left: %s', (crew) => {
  for (let seed = 0; seed < 100; seed += 1) {
    const { service, serviceLink, storeLink, store, workers } = planSchedule(seed, crew, MINUTE_MS);
    for (const { from, to } of [...service, ...serviceLink, ...storeLink, ...store]) {
      expect(from).toBeLessThanOrEqual(to);
      expect(to).toBeLessThanOrEqual(MINUTE_MS);
    }
    expect(workers.some(({ relays, endAt }) => relays && endAt === undefined)).toBe(true);
  }
});
