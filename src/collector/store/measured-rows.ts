import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { Experiment } from '../experiments/experiment.js';
import type { LogEntry, TrackEntry } from '../measuring/measured-log.js';
import type { FindExperiment } from '../to-log-entry.js';
import type { Database } from './open-database.js';

/** One event as it is stored, as far as measuring goes. */
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

export function createMeasuredRows(database: Database): MeasuredRows {
  // Every column that is read of a hundred thousand rows shows.
  const impressions = database.prepare(
    'SELECT time, visitor, sid, variant FROM events WHERE experiment = ? AND refusal IS NULL',
  );
  const named = database.prepare(
    'SELECT time, received_at, visitor, sid, distinct_id FROM events WHERE event = ? AND refusal IS NULL',
  );
  const seenAround = database.prepare(SEEN_AROUND);

  return {
    ofExperiment(experiment) {
      const { id, key, variants, primary, secondary } = experiment;
      const names = new Map(variants.map((variant) => [variant.id, variant.name]));
      const entries = (impressions.all(id) as ImpressionRow[]).map((row) =>
        impression(row, row.time, key, names.get(row.variant) ?? ''),
      );
      for (const metric of new Set([primary, ...secondary])) {
        if (metric === undefined) continue;
        for (const row of named.all(metric) as MetricRow[]) entries.push(track(row, row.received_at, metric));
      }
      for (const lost of seenAround.all(id) as Lost[]) entries.push(...toSightings(lost));
      return entries;
    },
  };
}

type ImpressionRow = Pick<StoredRow, 'time' | 'visitor' | 'sid'> & { readonly variant: string };
type MetricRow = Pick<StoredRow, 'time' | 'received_at' | 'visitor' | 'sid' | 'distinct_id'>;

/** A stored row as the measuring rules see it. */
export function toEntry(row: StoredRow, findExperiment: FindExperiment): LogEntry {
  const { event, received_at: receivedAt } = row;
  if (event === IDENTIFY_EVENT) return { ...track(row, receivedAt, event), kind: 'link' };
  if (event !== IMPRESSION_EVENT) return track(row, receivedAt, event);
  const experiment = row.experiment === null ? undefined : findExperiment(row.experiment);
  const variant = experiment?.variants.find(({ id }) => id === row.variant);
  return impression(row, receivedAt, experiment?.key ?? '', variant?.name ?? '');
}

// Literals of one shape each, as in `toLogEntry`. Bots and duplicates were judged when they came.

function track(
  { time, visitor, sid, distinct_id }: Omit<MetricRow, 'received_at'>,
  receivedAt: number,
  event: string,
): TrackEntry {
  return {
    kind: 'track',
    time,
    receivedAt,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: distinct_id ?? undefined,
    bot: false,
    event,
  };
}

function impression(
  { time, visitor, sid }: Omit<ImpressionRow, 'variant'>,
  receivedAt: number,
  experiment: string,
  variant: string,
): LogEntry {
  return {
    kind: 'impression',
    time,
    receivedAt,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: undefined,
    bot: false,
    experiment,
    variant,
  };
}

/** An event that is no metric of anything: it only shows which session its visitor was in. */
function toSightings({ visitor, before, sid_before, after, sid_after }: Lost): LogEntry[] {
  return [
    { time: before, sid: sid_before },
    { time: after, sid: sid_after },
  ].flatMap(({ time, sid }) => (time === null ? [] : track({ time, visitor, sid, distinct_id: null }, time, '')));
}
