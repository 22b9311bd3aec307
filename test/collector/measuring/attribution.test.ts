import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attribute } from '../../../src/collector/measuring/attribution.js';
import { identify } from '../../../src/collector/measuring/identity.js';
import { applyIngestRules } from '../../../src/collector/measuring/ingest-rules.js';
import type { Attribution, CountedUnit, LogEntry } from '../../../src/collector/measuring/measured-log.js';
import { witnessOf } from '../../../src/collector/measuring/sessions.js';
import { logOf, outcomeOf, rulesOf, type Scenario, scenarios } from './attribution-scenario.js';
import { logs, rules } from './log-entries.js';
import { moreScenarios } from './more-scenarios.js';

const all: readonly Scenario[] = [...scenarios, ...moreScenarios];

describe('every scenario of the measuring rules', () => {
  it.each(all)('$id', (scenario) => {
    expect(outcomeOf(logOf(scenario.events), rulesOf(scenario))).toEqual(scenario.expect);
  });
});

/** The verdict and warnings of the entry at `place`. */
function resultOf({ verdicts, warnings }: Attribution, place: number) {
  return { verdict: verdicts[place], warnings: warnings.get(place) };
}

/** Units in an order that does not depend on the log. */
function sorted(units: readonly CountedUnit[] = []): string[] {
  return units.map((unit) => JSON.stringify(unit)).sort();
}

describe('attribution', () => {
  it('does not depend on the order of the log', () => {
    const shuffled = logs('v').chain((log) => {
      const places = log.map((_, place) => place);
      return fc.tuple(fc.constant(log), fc.shuffledSubarray(places, { minLength: log.length, maxLength: log.length }));
    });
    fc.assert(
      fc.property(shuffled, ([log, order]) => {
        const straight = attribute(log, rules);
        const other = attribute(
          order.map((place) => log[place]!),
          rules,
        );
        expect(other.tallies).toEqual(straight.tallies);
        for (const { key } of rules.experiments) {
          expect(sorted(other.units.get(key))).toEqual(sorted(straight.units.get(key)));
        }
        expect(order.map((_, i) => resultOf(other, i))).toEqual(order.map((place) => resultOf(straight, place)));
      }),
      { numRuns: 1000 },
    );
  });

  it('warns of the same one of two simultaneous impressions, whatever their order in the log', () => {
    const seen = { kind: 'impression', visitor: 'v1', experiment: 'A', minute: 5 } as const;
    const log = logOf([
      { ...seen, minute: 1, sid: 's1', variant: 'C' },
      { ...seen, sid: 's2', variant: 'T' },
      { ...seen, sid: 's2', variant: 'T', receivedMinute: 6 },
    ]);
    const ofAnotherVariant = ['visitor_saw_multiple_variants'];
    expect(attribute(log, rules).warnings).toEqual(new Map([[1, ofAnotherVariant]]));
    expect(attribute(log.toReversed(), rules).warnings).toEqual(new Map([[1, ofAnotherVariant]]));
  });

  it('gives every visitor the same result as alone, and the counts add up', () => {
    fc.assert(
      fc.property(fc.tuple(logs('v'), logs('w'), logs('x')), (parts) => {
        const alone = parts.map((log) => attribute(log, rules));
        const together = attribute(parts.flat(), rules);
        const said = parts.flatMap((log, i) => log.map((_, place) => resultOf(alone[i]!, place)));
        expect(parts.flat().map((_, place) => resultOf(together, place))).toEqual(said);
        for (const { key } of rules.experiments) {
          expect(sorted(together.units.get(key))).toEqual(sorted(alone.flatMap(({ units }) => units.get(key) ?? [])));
          for (const [variant, { impressions, conversions, secondary }] of together.tallies.get(key) ?? []) {
            const tallies = alone.map((one) => one.tallies.get(key)?.get(variant));
            expect(impressions).toBe(sum(tallies.map((tally) => tally?.impressions)));
            expect(conversions).toBe(sum(tallies.map((tally) => tally?.conversions)));
            expect(secondary.get('AddToCart')).toBe(sum(tallies.map((tally) => tally?.secondary.get('AddToCart'))));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('counts the same in a log reduced to one experiment', () => {
    fc.assert(
      fc.property(logs('v'), (log) => {
        const whole = attribute(log, rules);
        for (const experiment of rules.experiments) {
          const { key } = experiment;
          const narrowed = attribute(narrow(log, key), { ...rules, experiments: [experiment] });
          expect(narrowed.tallies.get(key)).toEqual(whole.tallies.get(key));
          expect(sorted(narrowed.units.get(key))).toEqual(sorted(whole.units.get(key)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('returns the first exposure and the goal time of each unit', () => {
    const seen = { kind: 'impression', visitor: 'v1', experiment: 'A', variant: 'T' } as const;
    const goal = { kind: 'track', visitor: 'v1', event: 'Purchase' } as const;
    const log = logOf([
      { ...seen, minute: 2, sid: 's1' },
      { ...seen, minute: 1, sid: 's1', receivedMinute: 9 },
      { ...seen, minute: 70, sid: 's1' },
      { ...seen, minute: 3, sid: 's2' },
      { ...goal, minute: 8, sid: 's1' },
      { ...goal, minute: 6, sid: 's1', receivedMinute: 90 },
      { ...goal, minute: 4, sid: 's2', event: 'AddToCart' },
    ]);
    expect(sorted(attribute(log, rules).units.get('A'))).toEqual(
      sorted([
        { variant: 'T', exposedAt: 60_000, convertedAt: 6 * 60_000 },
        { variant: 'T', exposedAt: 3 * 60_000, convertedAt: undefined },
      ]),
    );
  });

  it('lists one unit for each counted impression, with a time for each conversion', () => {
    fc.assert(
      fc.property(logs('v'), (log) => {
        const { tallies, units } = attribute(log, rules);
        for (const [key, variants] of tallies) {
          for (const [variant, { impressions, conversions }] of variants) {
            const own = units.get(key)!.filter((unit) => unit.variant === variant);
            const converted = own.filter(({ convertedAt }) => convertedAt !== undefined);
            expect([own.length, converted.length]).toEqual([impressions, conversions]);
            expect(converted.every(({ exposedAt, convertedAt }) => exposedAt <= convertedAt!)).toBe(true);
          }
        }
      }),
    );
  });

  it('never counts more conversions than impressions, and gives only tracked events a verdict', () => {
    fc.assert(
      fc.property(logs('v'), (log) => {
        const { tallies, verdicts } = attribute(log, rules);
        const counts = [...tallies.values()].flatMap((variants) => [...variants.values()]);
        expect(counts.every(({ impressions, conversions }) => conversions <= impressions)).toBe(true);
        expect(verdicts.map((verdict) => verdict !== undefined)).toEqual(log.map(({ kind }) => kind === 'track'));
      }),
    );
  });
});

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}

/**
 * What one experiment needs of a log, which is what lets a store measure it without reading all the rest:
 *
 * - only entries that are let in, each by one name that stands for its visitor, so that no identify is needed;
 * - the experiment's impressions and the events that are its metrics;
 * - for each of its impressions without a session, where a browser and where a server saw the visitor's sessions last at or
 *   before it and first after it, whatever that was; at one instant the session whose name is the greatest. All other entries
 *   say nothing about when a session lasted.
 */
function narrow(log: readonly LogEntry[], key: string): LogEntry[] {
  const { primary, secondary } = rules.experiments.find((experiment) => experiment.key === key)!;
  const refusals = applyIngestRules(log, rules);
  const accepted = log.filter((_, i) => refusals[i] === undefined);
  const visitors = identify(accepted);
  const admitted = accepted.map((entry, i): LogEntry => ({ ...entry, visitors: [`visitor ${visitors[i]}`] }));
  const isShown = (entry: LogEntry): boolean => entry.kind === 'impression' && entry.experiment === key;
  const isMetric = (entry: LogEntry): boolean =>
    entry.kind === 'track' && [primary, ...secondary].includes(entry.event);
  const neighbours = admitted
    .filter((entry) => isShown(entry) && entry.sid === undefined)
    .flatMap(({ time, visitors: [visitor] }) => {
      const all = admitted.filter(({ visitors: [name], sid }) => name === visitor && sid !== undefined);
      return (['browser', 'server'] as const).flatMap((witness) => {
        const seen = all.filter(
          (entry) => witnessOf(entry) === witness && (witness === 'browser' || isInTime(entry, all)),
        );
        return [
          smallest(
            seen.filter((entry) => entry.time <= time),
            (entry) => -entry.time,
          ),
          smallest(
            seen.filter((entry) => entry.time > time),
            (entry) => entry.time,
          ),
        ];
      });
    });
  return admitted
    .filter((entry) => isShown(entry) || isMetric(entry) || neighbours.includes(entry))
    .map((entry) => (neighbours.includes(entry) ? entry : { ...entry, source: 'report' }));
}

/** Whether an entry is at most six hours after the first of its session. */
function isInTime({ sid, time }: LogEntry, ofVisitor: readonly LogEntry[]): boolean {
  const times = ofVisitor
    .filter((other) => other.sid === sid && witnessOf(other) !== undefined)
    .map((other) => other.time);
  return time - Math.min(...times) <= 6 * 60 * 60_000;
}

/** The entry with the smallest rank; among equal ones, with the greatest sid. */
function smallest(entries: readonly LogEntry[], rank: (entry: LogEntry) => number): LogEntry | undefined {
  return entries.toSorted((a, b) => rank(a) - rank(b) || (a.sid! > b.sid! ? -1 : 1))[0];
}
