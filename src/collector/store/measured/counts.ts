import type { Database } from '../../../sqlite/database.js';
import { dayOf } from '../../measuring/day.js';

/** The sessions of one day. */
export interface CountedSessions {
  /** The id of the variant. */
  readonly variant: string;
  /** The event that converted them, empty for exposed sessions. */
  readonly event: string;
  /** UTC days since the epoch. */
  readonly day: number;
  readonly sessions: number;
}

/** The number of sessions by experiment, event, variant and day. Changes are collected, then written together. */
export interface Counts {
  /** @param by 1 or −1 */
  change(experiment: string, event: string, variant: string, time: number, by: number): void;
  write(): void;
  /** Drops the changes that were not written. */
  discard(): void;
  /** Forgets the sessions that an event converted. */
  removeMetric(experiment: string, event: string): void;
  /** Those that are not 0. */
  of(experiment: string): readonly CountedSessions[];
}

/** The event under which exposed sessions are counted. No event has an empty name. */
export const EXPOSED = '';

export function createCounts(database: Database): Counts {
  const upsert = database.prepare(
    `INSERT INTO counts (experiment, event, variant, day, sessions) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions`,
  );
  const read = database.prepare(
    'SELECT variant, event, day, sessions FROM counts WHERE experiment = ? AND sessions <> 0',
  );
  const removeMetric = database.prepare('DELETE FROM counts WHERE experiment = ? AND event = ?');
  const waiting = new Map<string, { readonly row: [string, string, string, number]; by: number }>();

  const write = (): void => {
    for (const { row, by } of waiting.values()) if (by !== 0) upsert.run(...row, by);
    waiting.clear();
  };

  return {
    change(experiment, event, variant, time, by) {
      const row: [string, string, string, number] = [experiment, event, variant, dayOf(time)];
      const key = row.join('\n');
      const known = waiting.get(key);
      if (known === undefined) waiting.set(key, { row, by });
      else known.by += by;
    },
    write,
    discard: () => waiting.clear(),
    removeMetric(experiment, event) {
      write();
      removeMetric.run(experiment, event);
    },
    of: (experiment) => read.all(experiment) as CountedSessions[],
  };
}
