import { expect, it } from 'vitest';
import { createExposureTimes } from '../../src/assignment/exposure-times.js';

const clock = { monotonic: 0, service: 1_000.2, latest: 1_900.4 };
const times = () => createExposureTimes(() => clock as never);

it('is the latest possible time of the exposure, at most 1.5 s ahead of the service', () => {
  const exposures = times();
  exposures.note('v');
  expect([exposures.earliestFor('v'), exposures.earliestFor('other')]).toEqual([1_901, 0]);
  clock.latest = 9_000;
  exposures.note('v');
  expect(exposures.earliestFor('v')).toBe(2_501);
});

it('expires after a minute', () => {
  const exposures = times();
  exposures.note('v');
  clock.monotonic += 60_000;
  expect(exposures.earliestFor('v')).toBe(0);
});
