import { describe, expect, it } from 'vitest';
import { type Definition, differsFrom, isTracked } from '../../../../src/collector/store/measured/definitions.js';

const FOREVER = Number.POSITIVE_INFINITY;
const running: Definition = {
  id: 'x',
  variants: [
    { id: 'a', name: 'A' },
    { id: 'b', name: 'B' },
  ],
  runs: [[100, FOREVER]],
  pauses: [],
  metrics: ['purchase'],
};

describe('the time since which two definitions count differently', () => {
  it.each<[string, Partial<Definition>, number]>([
    ['none, if nothing changed', {}, FOREVER],
    ['none, if only a metric changed', { metrics: ['signup'] }, FOREVER],
    ['the stop', { runs: [[100, 500]] }, 500],
    ['the start of a pause', { pauses: [[300, FOREVER]] }, 300],
    [
      'the start of another run',
      {
        runs: [
          [100, FOREVER],
          [700, FOREVER],
        ],
      },
      700,
    ],
    ['the earliest of several', { runs: [[100, 500]], pauses: [[300, 400]] }, 300],
    ['always, if a run began at another time', { runs: [[200, FOREVER]] }, -FOREVER],
    ['always, if a run is gone', { runs: [] }, -FOREVER],
    ['always, if a variant changed', { variants: [{ id: 'a', name: 'C' }] }, -FOREVER],
  ])('%s', (_, changes, since) => {
    expect(differsFrom(running, { ...running, ...changes })).toBe(since);
  });

  it('is the end of a pause that was cut short', () => {
    const paused = { ...running, pauses: [[300, FOREVER]] } as const;
    expect(differsFrom(paused, { ...running, pauses: [[300, 350]] })).toBe(350);
  });
});

it.each([
  ['purchase', true],
  ['$identify', false],
  ['$experiment_impression', false],
  ['cut\0short', false],
])('events of the name %j can convert a session: %s', (event, expected) => {
  expect(isTracked(event)).toBe(expected);
});
