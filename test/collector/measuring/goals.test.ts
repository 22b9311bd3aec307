import { describe, expect, it } from 'vitest';
import type { MeasuredExperiment } from '../../../src/collector/measuring/measured-log.js';
import { DAY, experiment, HOUR, impression, NOON, track, verdictsOf } from './one-visitor-log.js';

describe('a late conversion', () => {
  const at = (ms: number) => track({ time: NOON + ms });

  it('is more than six hours after the first impression of its session, whatever was shown since', () => {
    const shown = [0, HOUR, 5 * HOUR].map((ms) => impression({ time: NOON + ms }));
    expect(verdictsOf([...shown, at(6 * HOUR)])).toEqual(['counted']);
    expect(verdictsOf([...shown, at(6 * HOUR + 1)])).toEqual(['counted_late']);
    expect(verdictsOf([...shown.toReversed(), at(6 * HOUR + 1)])).toEqual(['counted_late']);
  });

  it('is measured from the first impression of the run in which it happened', () => {
    const runs: MeasuredExperiment['runs'] = [
      [0, NOON + HOUR],
      [NOON + 7 * HOUR, 10 * DAY],
    ];
    const shown = [impression({ time: NOON }), impression({ time: NOON + 7 * HOUR })];
    expect(verdictsOf([...shown, at(8 * HOUR)], { experiments: [{ ...experiment, runs }] })).toEqual(['counted']);
  });
});

describe('an event that is a metric of several experiments', () => {
  const other: MeasuredExperiment = { ...experiment, key: 'B', primary: 'AddToCart', secondary: ['Purchase'] };

  it('has the best of their verdicts, whatever the order of the experiments', () => {
    for (const experiments of [
      [experiment, other],
      [other, experiment],
    ]) {
      const both = [impression(), impression({ experiment: 'B' })];
      expect(verdictsOf([...both, track()], { experiments })).toEqual(['counted']);
      // Only the second experiment was seen in this session.
      expect(verdictsOf([impression({ experiment: 'B' }), track()], { experiments })).toEqual(['secondary_counted']);
      const before = [impression({ time: NOON + 1 }), impression({ experiment: 'B', sid: 'another' })];
      expect(verdictsOf([...before, track()], { experiments })).toEqual(['before_assignment']);
    }
  });

  it('counts for one experiment and repeats in the other', () => {
    const log = [impression(), track(), impression({ experiment: 'B' }), track({ time: NOON + 1 })];
    expect(verdictsOf(log, { experiments: [experiment, other] })).toEqual(['counted', 'repeat_in_session']);
    const later = [impression(), track(), impression({ experiment: 'B', time: NOON + 1 }), track({ time: NOON + 2 })];
    expect(verdictsOf(later, { experiments: [experiment, other] })).toEqual(['counted', 'secondary_counted']);
  });
});
