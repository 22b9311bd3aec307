import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute } from '../../src/collector/measuring/attribution.js';
import type { LogEntry } from '../../src/collector/measuring/measured-log.js';
import { logOf, outcomeOf, rulesOf, type Scenario, scenarios } from './attribution-scenario.js';
import { moreScenarios } from './more-scenarios.js';

const all: readonly Scenario[] = [...scenarios, ...moreScenarios];

describe('every scenario of the measuring rules', () => {
  it.each(all)('$id', (scenario) => {
    expect(outcomeOf(logOf(scenario.events), rulesOf(scenario))).toEqual(scenario.expect);
  });
});

const MINUTE = 60_000;
const sids = [undefined, 's1', 's2'];

/** Few names and times, so that everything collides with everything. */
const entry = fc
  .record({
    kind: fc.constantFrom('track', 'track', 'impression', 'impression', 'link'),
    minute: fc.integer({ min: -5, max: 120 }),
    delay: fc.integer({ min: 0, max: 11_000 }),
    visitor: fc.constantFrom('v1', 'v2', 'v3'),
    other: fc.constantFrom('v1', 'v2', 'v3', 'ext:1'),
    sid: fc.constantFrom(...sids),
    event: fc.constantFrom('Purchase', 'AddToCart', 'purchase', 'Refund', 'Other'),
    experiment: fc.constantFrom('A', 'B'),
    variant: fc.constantFrom('C', 'T'),
    distinctId: fc.constantFrom(undefined, undefined, 'd1', 'd2'),
    bot: fc.boolean(),
  })
  .map(({ kind, minute, delay, visitor, other, ...rest }): Omit<LogEntry, 'receivedAt'> & { delay: number } => {
    const visitors: [string, ...string[]] = kind === 'link' ? [visitor, other] : [visitor];
    return { ...rest, kind: kind as 'track', time: minute * MINUTE, delay: delay * MINUTE, visitors };
  });

const twoRuns = { variants: ['C', 'T'], runs: [[0, 40] as [number, number], [60, 110] as [number, number]] };
const rules = rulesOf({
  settings: {
    nowMinute: 20_000,
    bots: 'block',
    experiments: { A: { ...twoRuns, pauses: [[10, 20]] }, B: { ...twoRuns, pauses: [[70, 80]] } },
  },
});

describe('attribution', () => {
  it('does not depend on the order in which events arrive', () => {
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 40 }).chain((entries) => {
          // No two are received at the same instant: arrival may decide which of one distinctId is the first.
          const log = entries.map(
            ({ delay, ...rest }, i) => ({ ...rest, receivedAt: rest.time + delay + i }) as LogEntry,
          );
          const places = log.map((_, i) => i);
          return fc.tuple(
            fc.constant(log),
            fc.shuffledSubarray(places, { minLength: log.length, maxLength: log.length }),
          );
        }),
        ([log, order]) => {
          const straight = attribute(log, rules);
          const shuffled = attribute(
            order.map((place) => log[place]!),
            rules,
          );
          expect(shuffled.tallies).toEqual(straight.tallies);
          order.forEach((place, i) => {
            expect(shuffled.verdicts[i]).toBe(straight.verdicts[place]);
          });
          expect([...shuffled.warnings.values()].flat().sort()).toEqual([...straight.warnings.values()].flat().sort());
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('never counts more conversions than impressions', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
        const log = entries.map(({ delay, ...rest }) => ({ ...rest, receivedAt: rest.time + delay }) as LogEntry);
        const { tallies, verdicts } = attribute(log, rules);
        const counts = [...tallies.values()].flatMap((variants) => [...variants.values()]);
        expect(counts.every(({ impressions, conversions }) => conversions <= impressions)).toBe(true);
        expect(verdicts.map((verdict) => verdict !== undefined)).toEqual(log.map(({ kind }) => kind === 'track'));
      }),
    );
  });
});
