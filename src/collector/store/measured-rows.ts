import { IDENTIFY_EVENT } from '../../protocol/wire.js';
import type { Experiment } from '../experiments/experiment.js';
import type { LogEntry } from '../measuring/measured-log.js';
import type { FindExperiment } from '../to-log-entry.js';
import type { Database } from './open-database.js';

/** One event as it is stored, without what was sent. */
export interface StoredRow {
  readonly distinct_id: string | null;
  readonly event: string;
  readonly time: number;
  readonly received_at: number;
  readonly visitor: number;
  readonly sid: string | null;
  readonly experiment: string | null;
  readonly variant: string | null;
}

const COLUMNS = 'distinct_id, event, time, received_at, visitor, sid, experiment, variant';

/** An impression without a session, and where its visitor was seen around it. */
interface Lost {
  readonly visitor: number;
  readonly before: number | null;
  readonly sid_before: string | null;
  readonly after: number | null;
  readonly sid_after: string | null;
}

// The nearest event with a session on one side of an impression; of several at one instant the first session by name, which
// is the one that measuring takes.
const seen = (comparison: '<=' | '>', order: 'DESC' | 'ASC'): string => `
  SELECT number FROM events AS e
  WHERE e.visitor = i.visitor AND e.time ${comparison} i.time AND e.sid IS NOT NULL AND e.refusal IS NULL
  ORDER BY e.time ${order} LIMIT 1`;
const firstSidAt = (number: string): string => `
  SELECT min(o.sid) FROM events AS o
  WHERE o.visitor = found.visitor AND o.time = ${number}.time AND o.sid IS NOT NULL AND o.refusal IS NULL`;

const SEEN_AROUND = `
  SELECT found.visitor, b.time AS before, (${firstSidAt('b')}) AS sid_before,
    a.time AS after, (${firstSidAt('a')}) AS sid_after
  FROM (
    SELECT i.visitor, (${seen('<=', 'DESC')}) AS b, (${seen('>', 'ASC')}) AS a
    FROM events AS i WHERE i.experiment = ? AND i.sid IS NULL AND i.refusal IS NULL
  ) AS found
  LEFT JOIN events AS b ON b.number = found.b
  LEFT JOIN events AS a ON a.number = found.a`;

/** Reads of the log what measuring needs and no more, each entry with its visitor's one number for a name. */
export interface MeasuredRows {
  /**
   * All that decides an experiment's counts, whatever else a million events tell: its impressions, the events it measures,
   * and of the visitors whose impressions have no session where they were seen around them.
   */
  ofExperiment(experiment: Experiment): LogEntry[];
}

export function createMeasuredRows(database: Database, findExperiment: FindExperiment): MeasuredRows {
  const impressions = database.prepare(`SELECT ${COLUMNS} FROM events WHERE experiment = ? AND refusal IS NULL`);
  const named = database.prepare(`SELECT ${COLUMNS} FROM events WHERE event = ? AND refusal IS NULL`);
  const seenAround = database.prepare(SEEN_AROUND);

  return {
    ofExperiment(experiment) {
      const rows = impressions.all(experiment.id) as StoredRow[];
      for (const metric of new Set([experiment.primary, ...experiment.secondary])) {
        if (metric !== undefined) for (const row of named.all(metric) as StoredRow[]) rows.push(row);
      }
      const entries = rows.map((row) => toEntry(row, findExperiment));
      for (const lost of seenAround.all(experiment.id) as Lost[]) entries.push(...toSightings(lost));
      return entries;
    },
  };
}

/** A stored row as the measuring rules see it; each kind a literal of its own, as in `toLogEntry`. */
export function toEntry(row: StoredRow, findExperiment: FindExperiment): LogEntry {
  const { event, time, received_at: receivedAt } = row;
  const visitors: [string] = [String(row.visitor)];
  const sid = row.sid ?? undefined;
  const distinctId = row.distinct_id ?? undefined;
  // Bots were judged at the door.
  const bot = false;
  if (event === IDENTIFY_EVENT) return { kind: 'link', time, receivedAt, visitors, sid, distinctId, bot };
  if (row.experiment === null) return { kind: 'track', time, receivedAt, visitors, sid, distinctId, bot, event };
  const found = findExperiment(row.experiment);
  const experiment = found?.key ?? '';
  const variant = found?.variants.find(({ id }) => id === row.variant)?.name ?? '';
  return { kind: 'impression', time, receivedAt, visitors, sid, distinctId, bot, experiment, variant };
}

/** An event that is no metric of anything: it only shows which session its visitor was in. */
function toSightings({ visitor, before, sid_before, after, sid_after }: Lost): LogEntry[] {
  return [
    { time: before, sid: sid_before },
    { time: after, sid: sid_after },
  ].flatMap(({ time, sid }): LogEntry[] =>
    time === null || sid === null
      ? []
      : [
          {
            kind: 'track',
            time,
            receivedAt: time,
            visitors: [String(visitor)],
            sid,
            distinctId: undefined,
            bot: false,
            event: '',
          },
        ],
  );
}
