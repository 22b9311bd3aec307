import { isTimely } from './admission.js';
import type { LogEntry, MeasuringRules } from './measured-log.js';
import type { Verdict } from './verdict.js';

/** What is decided when an event arrives, and not again. */
export type DoorRules = Pick<MeasuringRules, 'allowedEvents' | 'bots' | 'maxAgeMs'>;

/** Says why an entry is refused, `undefined` for one that is let in. `now` is when it came. */
export type Door = (entry: LogEntry, now: number) => Verdict | undefined;

/** A door that judges each entry alone. */
export function createDoor({ allowedEvents, bots, maxAgeMs }: DoorRules): Door {
  const allowed = allowedEvents && new Set(allowedEvents.map((name) => name.toLowerCase()));
  // The service's own names are on nobody's list.
  const isAllowed = (event: string): boolean =>
    allowed === undefined || event.startsWith('$') || allowed.has(event.toLowerCase());
  return (entry, now) => {
    if (!isTimely(entry.time, now, maxAgeMs)) return 'time_out_of_range';
    if (entry.bot === true && bots === 'block') return 'bot';
    return entry.kind === 'track' && !isAllowed(entry.event) ? 'not_allowlisted' : undefined;
  };
}

/** For each entry why it is refused, `undefined` for one that is let in. */
export type Refusals = readonly (Verdict | undefined)[];

/**
 * Judges every entry at the door.
 *
 * Of entries with one `distinctId` the first to arrive stands for all; that is the only thing arrival decides. Entries
 * refused for their time claim no id: they may be sent again with another.
 */
export function judgeAtTheDoor(log: readonly LogEntry[], rules: MeasuringRules): Refusals {
  const door = createDoor(rules);
  const first = new Map<string, number>();
  const refusals: (Verdict | undefined)[] = new Array(log.length);
  for (let index = 0; index < log.length; index++) {
    const entry = log[index]!;
    refusals[index] = door(entry, Math.min(entry.receivedAt, rules.now));
    if (entry.distinctId === undefined || refusals[index] === 'time_out_of_range') continue;
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
