import { describe, expect, it } from 'vitest';
import { hasEnoughData } from '../../../src/collector/measuring/bayes.js';
import type { LogEntry } from '../../../src/collector/measuring/measured-log.js';
import { measureExperiment } from '../../../src/collector/queries/report.js';
import { DAY, experiment, impression, link, NOON, seen, track, verdictsOf } from './one-visitor-log.js';

const design = {
  ...experiment,
  id: 'experiment_a',
  name: 'A',
  type: 'ab',
  status: 'running',
  allocation: 1,
  targeting: { urls: [], query: [], visitors: 'all' },
  winner: undefined,
} as const;

describe('a repeated distinctId', () => {
  it('belongs to the first entry to arrive, wherever it is in the log', () => {
    const first = track({ distinctId: 'd' });
    const second = track({ distinctId: 'd', receivedAt: NOON + 1 });
    expect(verdictsOf([impression(), first, second])).toEqual(['counted', 'duplicate_id']);
    expect(verdictsOf([impression(), second, first])).toEqual(['duplicate_id', 'counted']);
  });

  it('belongs to the first entry in the log if both arrived in the same millisecond', () => {
    const goal = track({ distinctId: 'd' });
    const other = track({ distinctId: 'd', event: 'Other' });
    expect(verdictsOf([impression(), goal, other])).toEqual(['counted', 'duplicate_id']);
    expect(verdictsOf([impression(), other, goal])).toEqual(['not_a_goal', 'duplicate_id']);
    expect(verdictsOf([impression(), goal, other, goal])).toEqual(['counted', 'duplicate_id', 'duplicate_id']);
  });

  it('is not claimed by a bot or an unlisted event, which may be sent again once that is fixed', () => {
    const later = track({ distinctId: 'd', receivedAt: NOON + 1 });
    const bot = track({ distinctId: 'd', bot: true });
    const unlisted = track({ distinctId: 'd', event: 'Unlisted' });
    const allowedEvents = ['Purchase'];
    expect(verdictsOf([impression(), bot, later], { allowedEvents })).toEqual(['bot', 'counted']);
    expect(verdictsOf([impression(), unlisted, later], { allowedEvents })).toEqual(['not_allowlisted', 'counted']);
  });

  it('is not claimed by an event that was refused for its time, which may be sent again', () => {
    const old = track({ distinctId: 'd', receivedAt: NOON + 8 * DAY });
    const again = track({ distinctId: 'd', receivedAt: NOON + 8 * DAY + 1, time: NOON + 2 * DAY });
    expect(verdictsOf([impression(), old, again])).toEqual(['time_out_of_range', 'counted_late']);
  });
});

describe('the allow-list', () => {
  const allowedEvents = ['PURCHASE'];

  it('ignores case', () => {
    expect(verdictsOf([track()], { allowedEvents })).toEqual(['not_in_experiment']);
    expect(verdictsOf([track({ event: 'AddToCart' })], { allowedEvents })).toEqual(['not_allowlisted']);
  });

  it('never blocks the service’s own names, which begin with $', () => {
    expect(verdictsOf([track({ event: '$identify' })], { allowedEvents })).toEqual(['not_a_goal']);
    expect(verdictsOf([track({ event: 'a$identify' })], { allowedEvents })).toEqual(['not_allowlisted']);
  });

  it('blocks only tracked events', () => {
    const log = [impression(), link('v', 'w'), track()];
    expect(verdictsOf(log, { allowedEvents })).toEqual(['counted']);
  });
});

describe('names that were seen together', () => {
  it('are one visitor, even if an entry has three of them', () => {
    for (const shownTo of ['device', 'customer', 'email'] as const) {
      for (const buyer of ['device', 'customer', 'email'] as const) {
        const log = [
          impression({ visitors: [shownTo] }),
          link('device', 'customer', 'email'),
          track({ visitors: [buyer] }),
        ];
        expect(verdictsOf(log)).toEqual(['counted']);
      }
    }
  });

  it('are one visitor through any chain of names, in any order', () => {
    const links = [link('a', 'b'), link('c', 'd'), link('e', 'f'), link('d', 'e'), link('b', 'c')];
    for (const chain of [links, links.toReversed()]) {
      const log = [impression({ visitors: ['a'] }), ...chain, track({ visitors: ['f'] }), track({ visitors: ['g'] })];
      expect(verdictsOf(log)).toEqual(['counted', 'not_in_experiment']);
    }
  });

  it('are not linked by a refused entry', () => {
    const refused: LogEntry = { ...seen({ visitors: ['v', 'w'], bot: true }), kind: 'link' };
    expect(verdictsOf([impression(), refused, track({ visitors: ['w'] })])).toEqual(['not_in_experiment']);
  });
});

describe('the limits', () => {
  const arm = (impressions: number, conversions: number) => ({ impressions, conversions });

  it('for enough data are 100 impressions, 5 conversions and 5 impressions without one, in every arm', () => {
    expect(hasEnoughData([arm(100, 5), arm(100, 95)])).toBe(true);
    for (const short of [arm(99, 50), arm(100, 4), arm(100, 96)]) {
      expect(hasEnoughData([arm(100, 50), short])).toBe(false);
    }
    expect(hasEnoughData([])).toBe(false);
  });

  it('for a sample ratio mismatch is a probability of 0.001', () => {
    const of = (control: number, treatment: number) => {
      const tally = (impressions: number) => ({ impressions, conversions: 0, secondary: new Map<string, number>() });
      const tallies = new Map([['A', new Map(Object.entries({ C: tally(control), T: tally(treatment) }))]]);
      const variants = ['C', 'T'].map((name) => ({ id: name, name, share: 0.5, isControl: name === 'C' }));
      return measureExperiment({ ...design, variants }, { tallies }).sampleRatio;
    };
    // χ² is 10.816 and 11.236; one degree of freedom has its 0.001 at 10.828 (any table of χ²).
    expect(of(552, 448)).toEqual({ p: expect.closeTo(0.001006, 6), isMismatch: false });
    expect(of(553, 447)).toEqual({ p: expect.closeTo(0.000802, 6), isMismatch: true });
  });
});
