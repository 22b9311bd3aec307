import { attribute } from '../../../src/collector/measuring/attribution.js';
import type { LogEntry, MeasuredExperiment, MeasuringRules } from '../../../src/collector/measuring/measured-log.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** The default time of entries, which arrive when they happen. */
export const NOON = 12 * HOUR;

export const experiment: MeasuredExperiment = {
  key: 'A',
  variants: ['C', 'T'],
  primary: 'Purchase',
  secondary: ['AddToCart'],
  runs: [[0, 10 * DAY]],
  pauses: [],
};
export const rules: MeasuringRules = { experiments: [experiment], bots: 'block', now: 20 * DAY };

type Fields = Partial<Omit<LogEntry, 'kind' | 'visitors'>> & {
  readonly visitors?: readonly [string, ...string[]];
  readonly event?: string;
  readonly experiment?: string;
  readonly variant?: string;
};

export function seen({ time = NOON, receivedAt = time, ...fields }: Fields) {
  return { visitors: ['v'] as const, sid: 's', ...fields, time, receivedAt };
}
export const track = (fields: Fields = {}): LogEntry => ({ event: 'Purchase', ...seen(fields), kind: 'track' });
export const impression = (fields: Fields = {}): LogEntry => ({
  experiment: 'A',
  variant: 'T',
  ...seen({ time: NOON - 1, ...fields }),
  kind: 'impression',
});
export const link = (...visitors: readonly [string, ...string[]]): LogEntry => ({
  ...seen({ visitors }),
  kind: 'link',
});

/** The verdicts of the tracked events, in the order of the log. */
export function verdictsOf(log: readonly LogEntry[], more: Partial<MeasuringRules> = {}) {
  return attribute(log, { ...rules, ...more }).verdicts.filter((verdict) => verdict !== undefined);
}
