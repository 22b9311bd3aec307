import { isTimely } from './admission.js';
import type { LogEntry, MeasuringRules } from './measured-log.js';
import type { Verdict } from './verdict.js';

/** For each entry why it is refused, `undefined` for one that is let in. */
export type Refusals = readonly (Verdict | undefined)[];

/**
 * Judges every entry at the door.
 *
 * Of entries with one `distinctId` the first to arrive stands for all; that is the only thing arrival decides. Entries
 * refused for their time claim no id: they may be sent again with another.
 */
export function judgeAtTheDoor(log: readonly LogEntry[], rules: Omit<MeasuringRules, 'experiments'>): Refusals {
  const isAllowed = allowList(rules.allowedEvents);
  const first = new Map<string, number>();
  const refusals: (Verdict | undefined)[] = new Array(log.length);
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    if (!isTimely(entry.time, Math.min(entry.receivedAt, rules.now), rules.maxAgeMs)) {
      refusals[index] = 'time_out_of_range';
      continue;
    }
    if (entry.distinctId !== undefined) {
      const holder = first.get(entry.distinctId);
      if (holder !== undefined && log[holder]!.receivedAt <= entry.receivedAt) {
        refusals[index] = 'duplicate_id';
        continue;
      }
      if (holder !== undefined) refusals[holder] = 'duplicate_id';
      first.set(entry.distinctId, index);
    }
    if (entry.bot === true && rules.bots === 'block') refusals[index] = 'bot';
    else if (entry.kind === 'track' && !isAllowed(entry.event)) refusals[index] = 'not_allowlisted';
  }
  return refusals;
}

/** Logs are long and names are few: each is compared once. */
function allowList(names: readonly string[] | undefined): (event: string) => boolean {
  if (names === undefined) return () => true;
  const allowed = new Set(names.map((name) => name.toLowerCase()));
  const known = new Map<string, boolean>();
  return (event) => {
    const answer = known.get(event) ?? allowed.has(event.toLowerCase());
    known.set(event, answer);
    return answer;
  };
}
