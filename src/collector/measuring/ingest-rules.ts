import { MAX_EVENT_AGE_MS } from '../../protocol/limits.js';
import type { LogEntry, MeasuringRules } from './measured-log.js';
import type { Verdict } from './verdict.js';

/** [A] How far ahead of the collector's clock an event may be and still count as happening now. */
export const FUTURE_TOLERANCE_MS = 1_000;

/** Returns whether an event of `time` is acceptable at `receivedAt`: not in the future and at most seven days old. */
export function isTimely(time: number, receivedAt: number, maxAgeMs: number = MAX_EVENT_AGE_MS): boolean {
  return time <= receivedAt + FUTURE_TOLERANCE_MS && receivedAt - time <= maxAgeMs;
}

/** The rules that are applied once, when an event arrives. */
export type IngestOptions = Pick<MeasuringRules, 'allowedEvents' | 'bots' | 'maxAgeMs'>;

/** Returns why an entry is refused, `undefined` when it is accepted. */
export type IngestRules = (entry: LogEntry, receivedAt: number) => Verdict | undefined;

/** Rules that judge each entry alone. */
export function createIngestRules({ allowedEvents, bots, maxAgeMs }: IngestOptions): IngestRules {
  const allowed = allowedEvents && new Set(allowedEvents.map((name) => name.toLowerCase()));
  // The service's own names never need to be listed.
  const isAllowed = (event: string): boolean =>
    allowed === undefined || event.startsWith('$') || allowed.has(event.toLowerCase());
  return (entry, receivedAt) => {
    if (!isTimely(entry.time, receivedAt, maxAgeMs)) return 'time_out_of_range';
    if (entry.bot === true && bots === 'block') return 'bot';
    return entry.kind === 'track' && !isAllowed(entry.event) ? 'not_allowlisted' : undefined;
  };
}

/** For each entry why it is refused, `undefined` when it is accepted. */
export type Refusals = readonly (Verdict | undefined)[];

/**
 * Applies the ingest rules to every entry.
 *
 * Of entries with the same `distinctId` the first to arrive is kept; arrival decides nothing else. [A] A refused entry does not claim
 * its id: once its cause is fixed, such as a missing name in the allow-list, it may be sent again.
 */
export function applyIngestRules(log: readonly LogEntry[], rules: MeasuringRules): Refusals {
  const ingestRules = createIngestRules(rules);
  const first = new Map<string, number>();
  const refusals: (Verdict | undefined)[] = new Array(log.length);
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    refusals[index] = ingestRules(entry, Math.min(entry.receivedAt, rules.now));
    if (entry.distinctId === undefined || refusals[index] !== undefined) continue;
    const holder = first.get(entry.distinctId);
    if (holder !== undefined && log[holder]!.receivedAt <= entry.receivedAt) {
      refusals[index] = 'duplicate_id';
      continue;
    }
    if (holder !== undefined) refusals[holder] = 'duplicate_id';
    first.set(entry.distinctId, index);
  }
  return refusals;
}
