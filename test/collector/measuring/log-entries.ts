import fc from 'fast-check';
import type { LogEntry, MeasuringRules } from '../../../src/collector/measuring/measured-log.js';
import { rulesOf } from './attribution-scenario.js';

const MINUTE = 60_000;

const twoRuns = { variants: ['C', 'T'], runs: [[0, 40] as [number, number], [60, 110] as [number, number]] };

/** Two experiments that ran twice with a pause each, with bots blocked. They match the names in {@link logs}. */
export const rules: MeasuringRules = rulesOf({
  settings: {
    nowMinute: 20_000,
    bots: 'block',
    experiments: { A: { ...twoRuns, pauses: [[10, 20]] }, B: { ...twoRuns, pauses: [[70, 80]] } },
  },
});

/**
 * Logs of a few names and times, so that everything collides with everything; of visitors and ids whose names start with
 * `prefix`. No two entries are received at one instant: arrival may decide which of one distinctId is the first.
 */
export function logs(prefix: string): fc.Arbitrary<LogEntry[]> {
  const name = fc.constantFrom(`${prefix}1`, `${prefix}1`, `${prefix}2`, `${prefix}3`);
  const entry = fc.record({
    kind: fc.constantFrom('track', 'track', 'impression', 'impression', 'link'),
    tick: fc.integer({ min: -1, max: 24 }),
    delay: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 11_000 })),
    visitor: name,
    other: name,
    sid: fc.constantFrom(undefined, 's1', 's2'),
    event: fc.constantFrom('Purchase', 'Purchase', 'AddToCart', 'purchase', 'Refund', 'Other'),
    experiment: fc.constantFrom('A', 'B'),
    variant: fc.constantFrom('C', 'T'),
    distinctId: fc.constantFrom(undefined, undefined, `${prefix}d1`, `${prefix}d2`),
    bot: fc.constantFrom(false, false, false, true),
    source: fc.constantFrom('browser', 'server'),
  });
  // With its default size, fast-check would stop at about ten entries, which rarely interact.
  return fc.array(entry, { maxLength: 60, size: 'max' }).map((entries) =>
    entries.map(({ kind, tick, delay, visitor, other, ...rest }, i): LogEntry => {
      const visitors: [string, ...string[]] = kind === 'link' ? [visitor, other] : [visitor];
      const time = tick * 5 * MINUTE;
      return { ...rest, kind: kind as 'track', time, receivedAt: time + delay * MINUTE + i, visitors };
    }),
  );
}
