import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveExperiment } from '../../../src/collector/experiments/config.js';
import { attribute } from '../../../src/collector/measuring/attribution.js';
import type { CountedUnit, LogEntry } from '../../../src/collector/measuring/measured-log.js';
import { dailyOf } from '../../../src/collector/queries/daily-report.js';
import { asGoal, measureExperiment, toMeasured } from '../../../src/collector/queries/report.js';
import { countedSessions } from './counted-units.js';

const experiment = resolveExperiment(
  { key: 'checkout', variants: [{ name: 'C' }, { name: 'T' }], secondary: ['add_to_cart'] },
  'purchase',
  0,
);

const at = Date.parse;

function unitsAre(...units: Partial<CountedUnit>[]) {
  const complete = units.map((unit) => ({ variant: 'T', exposedAt: 0, convertedAt: undefined, ...unit }));
  return countedSessions(experiment, complete);
}

/** Each day's counts of variant T as `impressions/conversions`. */
function countsOf(...[units, from, to]: [ReturnType<typeof unitsAre>, string, string]): string[] {
  return dailyOf(experiment, units, from, to).days.map(({ variants: [, t] }) => `${t!.impressions}/${t!.conversions}`);
}

describe('the daily results', () => {
  it('count a session on the day of its first impression and its conversion on the day of the goal', () => {
    const units = unitsAre(
      { exposedAt: at('2026-03-01T23:59:59.999Z'), convertedAt: at('2026-03-03T00:00:00.000Z') },
      { exposedAt: at('2026-03-02T00:00:00.000Z') },
    );
    expect(countsOf(units, '2026-03-01', '2026-03-03')).toEqual(['1/0', '1/0', '0/1']);
  });

  it('have every day of every variant, including empty days', () => {
    expect(dailyOf(experiment, unitsAre(), '2024-02-28', '2024-03-01')).toEqual({
      days: ['2024-02-28', '2024-02-29', '2024-03-01'].map((date) => ({
        date,
        variants: [
          { id: 'variant_C', impressions: 0, conversions: 0, conversionRate: 0 },
          { id: 'variant_T', impressions: 0, conversions: 0, conversionRate: 0 },
        ],
      })),
    });
  });

  it('exclude events before the first and after the last day', () => {
    const units = unitsAre(
      { exposedAt: at('2026-02-28T23:59:59.999Z'), convertedAt: at('2026-03-01T00:00:00.000Z') },
      { exposedAt: at('2026-03-01T23:59:59.999Z'), convertedAt: at('2026-03-02T00:00:00.000Z') },
    );
    expect(countsOf(units, '2026-03-01', '2026-03-01')).toEqual(['1/1']);
  });

  it('divide the conversions of a day by its impressions', () => {
    const day = at('2026-03-01T12:00:00Z');
    const units = unitsAre({ exposedAt: day }, { exposedAt: day, convertedAt: day });
    expect(dailyOf(experiment, units, '2026-03-01', '2026-03-01').days[0]?.variants[1]?.conversionRate).toBe(0.5);
  });

  it('span at most 366 days', () => {
    expect(dailyOf(experiment, unitsAre(), '2024-01-01', '2024-12-31').days).toHaveLength(366);
    expect(() => dailyOf(experiment, unitsAre(), '2024-01-01', '2025-01-01')).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringMatching(/is 367 days.*ask for 2024-01-01 to 2024-12-31, then for the rest/),
      }),
    );
  });

  it.each(['', '2026-3-1', '2026-02-30', '2026-13-01', '2026-03-01T00:00:00Z', 'yesterday', '٢٠٢٦-٠٣-٠١'])(
    'refuse %j, which is not a date, and show the format',
    (date) => {
      const refusal = expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(/YYYY-MM-DD/) });
      expect(() => dailyOf(experiment, unitsAre(), date, '2026-03-01')).toThrow(refusal);
      expect(() => dailyOf(experiment, unitsAre(), '2026-03-01', date)).toThrow(refusal);
    },
  );

  it('refuse a last day before the first', () => {
    expect(() => dailyOf(experiment, unitsAre(), '2026-03-02', '2026-03-01')).toThrow(/swap/);
  });

  it('add up to the results', () => {
    const HOUR = 3_600_000;
    const entry = fc.record({
      hour: fc.integer({ min: 0, max: 100 }),
      visitor: fc.constantFrom('v1', 'v2', 'v3'),
      sid: fc.constantFrom('s1', 's2', undefined),
      what: fc.constantFrom('C', 'T', 'purchase', 'add_to_cart'),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 60, size: 'max' }), (entries) => {
        const log = entries.map(({ hour, visitor, sid, what }): LogEntry => {
          const seen = { time: hour * HOUR, receivedAt: hour * HOUR, visitors: [visitor] as [string], sid };
          if (what.length > 1) return { ...seen, kind: 'track', event: what };
          return { ...seen, kind: 'impression', experiment: 'checkout', variant: what };
        });
        const attribution = attribute(log, { experiments: toMeasured([experiment]), bots: 'allow', now: 101 * HOUR });
        const { days } = dailyOf(
          experiment,
          countedSessions(experiment, attribution.units.get('checkout')!),
          '1970-01-01',
          '1970-01-05',
        );
        measureExperiment(experiment, attribution).variants.forEach(({ impressions, conversions }, i) => {
          expect(days.reduce((sum, { variants }) => sum + variants[i]!.impressions, 0)).toBe(impressions);
          expect(days.reduce((sum, { variants }) => sum + variants[i]!.conversions, 0)).toBe(conversions);
        });
      }),
    );
  });
});

describe('an experiment measured by another event', () => {
  const log: LogEntry[] = [
    { kind: 'impression', time: 1, receivedAt: 1, visitors: ['v1'], sid: 's1', experiment: 'checkout', variant: 'T' },
    { kind: 'track', time: 2, receivedAt: 2, visitors: ['v1'], sid: 's1', event: 'add_to_cart' },
  ];
  const measuredBy = (event: string) => {
    const experiments = [asGoal(experiment, event)];
    const attribution = attribute(log, { experiments: toMeasured(experiments), bots: 'allow', now: 100 });
    return measureExperiment(experiments[0]!, attribution).variants[1]!;
  };

  it('has that event as its goal', () => {
    expect(measuredBy('add_to_cart')).toMatchObject({ impressions: 1, conversions: 1, secondary: new Map() });
    expect(measuredBy('signup')).toMatchObject({ impressions: 1, conversions: 0 });
  });

  it('is unchanged if the event is its goal', () => {
    expect(asGoal(experiment, 'purchase')).toEqual(experiment);
  });
});
