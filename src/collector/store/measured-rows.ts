import { MAX_SESSION_MS } from '../../protocol/limits.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../protocol/wire.js';
import type { Database } from '../../sqlite/database.js';
import type { Experiment } from '../experiments/experiment.js';
import type { ImpressionEntry, LogEntry, TrackEntry } from '../measuring/measured-log.js';
import type { Witness } from '../measuring/sessions.js';
import type { FindExperiment } from './to-log-entry.js';

/** The columns of a stored event that measuring needs. */
export interface StoredRow {
  readonly distinct_id: string | null;
  readonly event: string;
  readonly time: number;
  readonly received_at: number;
  readonly visitor: number;
  readonly sid: string | null;
  readonly witness: Witness | null;
  readonly experiment: string | null;
  readonly variant: string | null;
}

/** An impression without a session, with the nearest sightings of its visitor. */
export interface Lost {
  readonly visitor: number;
  readonly time: number;
  readonly variant: string;
  readonly witness: Witness;
  readonly before: number | null;
  readonly sid_before: string | null;
  readonly after: number | null;
  readonly sid_after: string | null;
}

// A server's event that is later than a session can last is a late report, not a sighting.
export const isInTime = (event: string): string => `
  (${event}.witness = 'browser' OR NOT EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.visitor = ${event}.visitor AND f.sid = ${event}.sid AND f.witness IS NOT NULL
      AND f.time < ${event}.time - ${MAX_SESSION_MS}
  ))`;

// The nearest sighting by a witness before or after an impression. Of several sessions at that instant, the first by name is used,
// as in measuring.
const seen = (comparison: '<=' | '>', order: 'DESC' | 'ASC'): string => `
  SELECT e.time FROM events AS e
  WHERE e.visitor = i.visitor AND e.witness = w.witness AND e.time ${comparison} i.time AND ${isInTime('e')}
  ORDER BY e.time ${order} LIMIT 1`;
const firstSidAt = (time: string): string => `
  SELECT min(o.sid) FROM events AS o
  WHERE o.visitor = found.visitor AND o.witness = found.witness AND o.time = ${time} AND ${isInTime('o')}`;

export const seenAround = (whose: 'i.experiment = ?' | 'i.visitor = ? AND i.experiment IS NOT NULL'): string => `
  SELECT *, (${firstSidAt('found.before')}) AS sid_before, (${firstSidAt('found.after')}) AS sid_after
  FROM (
    SELECT i.number, i.visitor, i.time, i.experiment, i.variant, w.witness,
      (${seen('<=', 'DESC')}) AS before, (${seen('>', 'ASC')}) AS after
    FROM events AS i CROSS JOIN (SELECT 'browser' AS witness UNION ALL SELECT 'server') AS w
    WHERE ${whose} AND i.sid IS NULL AND i.refusal IS NULL
  ) AS found`;

// The events that can convert a session: for each impression in it, the first one at or after it. Later ones find the session
// already converted, and there may be a million of them.
const CANDIDATES = `
  SELECT e.visitor, e.sid, min(e.time) AS time
  FROM events AS i JOIN events AS e ON e.visitor = i.visitor AND e.sid = i.sid AND e.event = ? AND e.time >= i.time
  WHERE i.experiment = ? AND i.refusal IS NULL AND e.refusal IS NULL
  GROUP BY i.number`;

// The same for impressions without a session. The parameter lists each session that they may have joined.
const CANDIDATES_NEAR = `
  SELECT e.visitor, e.sid, min(e.time) AS time
  FROM json_each(?) AS near JOIN events AS e
    ON e.visitor = near.value ->> 0 AND e.sid = near.value ->> 1 AND e.time >= near.value ->> 2 AND e.event = ?
  WHERE e.refusal IS NULL
  GROUP BY near.key`;

/** Reads only the part of the log that measuring needs. Each entry has its visitor's number as its only name. */
export interface MeasuredRows {
  /**
   * Everything that decides an experiment's counts: its impressions, the events that can convert a session, and the sightings
   * around impressions without a session.
   */
  ofExperiment(experiment: Experiment): LogEntry[];
}

export function createMeasuredRows(database: Database): MeasuredRows {
  // Only the needed columns: with a hundred thousand rows, each one costs noticeably.
  const impressions = database.prepare(
    'SELECT time, visitor, sid, variant FROM events WHERE experiment = ? AND sid IS NOT NULL AND refusal IS NULL',
  );
  const candidates = database.prepare(CANDIDATES);
  const candidatesNear = database.prepare(CANDIDATES_NEAR);
  const around = database.prepare(seenAround('i.experiment = ?'));

  return {
    ofExperiment(experiment) {
      const { id, key, variants, primary, secondary } = experiment;
      const names = new Map(variants.map((variant) => [variant.id, variant.name]));
      const nameOf = ({ variant }: { readonly variant: string }): string => names.get(variant) ?? '';
      const entries: LogEntry[] = (impressions.all(id) as ImpressionRow[]).map((row) =>
        impression(row, key, nameOf(row)),
      );
      const lost = around.all(id) as Lost[];
      for (const one of lost) {
        // There is one row for each witness.
        if (one.witness === 'browser') entries.push(impression({ ...one, sid: null, witness: null }, key, nameOf(one)));
        for (const sighted of sightingsOf(one)) entries.push(sighting(sighted, ''));
      }
      const near = JSON.stringify(lost.flatMap(sessionsNear));
      for (const metric of new Set([primary, ...secondary])) {
        if (metric === undefined) continue;
        for (const row of candidates.all(metric, id) as Candidate[]) entries.push(sighting(row, metric));
        for (const row of candidatesNear.all(near, metric) as Candidate[]) entries.push(sighting(row, metric));
      }
      return entries;
    },
  };
}

type ImpressionRow = Pick<StoredRow, 'time' | 'visitor' | 'sid'> & { readonly variant: string };
type Candidate = Pick<StoredRow, 'time' | 'visitor' | 'sid'> & { readonly witness?: Witness | null };

/** Converts a stored row to an entry of the measuring rules. */
export function toEntry(row: StoredRow, findExperiment: FindExperiment): LogEntry {
  const { event, received_at: receivedAt, distinct_id } = row;
  const distinctId = distinct_id ?? undefined;
  if (event === IDENTIFY_EVENT) return { ...sighting(row, event), receivedAt, kind: 'link' };
  if (event !== IMPRESSION_EVENT) return { ...sighting(row, event), receivedAt, distinctId };
  const experiment = row.experiment === null ? undefined : findExperiment(row.experiment);
  const variant = experiment?.variants.find(({ id }) => id === row.variant);
  return { ...impression(row, experiment?.key ?? '', variant?.name ?? ''), receivedAt };
}

// Each kind is its own object literal, as in `toLogEntry`. Stored rows passed the ingest rules, so their time of receipt and id
// only matter for telling apart events of the same instant.

export function sighting({ time, visitor, sid, witness }: Candidate, event: string): TrackEntry {
  return {
    kind: 'track',
    time,
    receivedAt: time,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: undefined,
    bot: false,
    source: witness ?? 'report',
    event,
  };
}

function impression(
  { time, visitor, sid, witness }: Omit<ImpressionRow, 'variant'> & Pick<Candidate, 'witness'>,
  experiment: string,
  variant: string,
): ImpressionEntry {
  return {
    kind: 'impression',
    time,
    receivedAt: time,
    visitors: [String(visitor)],
    sid: sid ?? undefined,
    distinctId: undefined,
    bot: false,
    source: witness ?? 'report',
    experiment,
    variant,
  };
}

/** The sightings around an impression. Of two in the same session, only the nearer one matters. */
export function sightingsOf({ visitor, time, witness, before, sid_before, after, sid_after }: Lost): Candidate[] {
  const earlier = before === null ? [] : [{ visitor, time: before, sid: sid_before, witness }];
  const later = after === null ? [] : [{ visitor, time: after, sid: sid_after, witness }];
  if (before === null || after === null || sid_before !== sid_after) return [...earlier, ...later];
  return time - before <= after - time ? earlier : later;
}

/** The sessions that an impression may have joined, as a parameter of {@link CANDIDATES_NEAR}. */
export function sessionsNear({ visitor, time, sid_before, sid_after }: Lost): [number, string, number][] {
  return [...new Set([sid_before, sid_after])].flatMap((sid): [number, string, number][] =>
    sid === null ? [] : [[visitor, sid, time]],
  );
}
