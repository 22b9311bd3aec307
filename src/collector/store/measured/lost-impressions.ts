import { MAX_SESSION_MS } from '../../../protocol/limits.js';
import type { Database } from '../../../sqlite/database.js';
import {
  createSessions,
  SESSION_REACH_MS,
  type Sessions,
  type Sighting,
  type Witness,
} from '../../measuring/sessions.js';
import { byVisitor, type OfVisitor } from './of-visitor.js';

/** An impression without a session. */
export interface LostImpression {
  readonly number: number;
  readonly visitor: number;
  readonly time: number;
}

type Seen = OfVisitor<Sighting>;

/** Impressions without a session, and which session each one joined. */
export interface LostImpressions {
  /** Those among the events after `from` up to `to`, and earlier ones that may join another session because of these events. */
  affectedBy(from: number, to: number): readonly LostImpression[];
  /** All of these visitors. */
  ofVisitors(visitors: readonly number[]): readonly LostImpression[];
  /** Finds the session of each impression. */
  join(impressions: readonly LostImpression[]): void;
  /** Forgets what the impressions of these visitors joined. */
  forget(visitors: readonly number[]): void;
}

const LOST = 'e.experiment IS NOT NULL AND e.sid IS NULL AND e.refusal IS NULL';

// Sightings that may change what earlier impressions joined: near them, or so long before a server's sighting in the same session
// that this one turns out to be late.
const SIGHTINGS_NEAR = `
  SELECT e.visitor, e.sid, e.time, e.witness FROM events AS e
  WHERE e.number > ? AND e.number <= ? AND e.witness IS NOT NULL AND (
    EXISTS (
      SELECT 1 FROM joined AS j
      WHERE j.visitor = e.visitor AND j.time BETWEEN e.time - ${SESSION_REACH_MS} AND e.time + ${SESSION_REACH_MS})
    OR EXISTS (
      SELECT 1 FROM joined AS j
      WHERE j.visitor = e.visitor AND j.time > e.time + ${MAX_SESSION_MS - SESSION_REACH_MS}
        AND j.sid = e.sid AND j.witness = 'server'))`;

/** An impression and the sighting whose session it joined. */
interface Joined extends LostImpression {
  readonly sid: string | null;
  readonly seen_at: number;
  readonly witness: Witness;
}

export function createLostImpressions(database: Database): LostImpressions {
  const arrived = database.prepare(
    `SELECT e.number, e.visitor, e.time FROM events AS e WHERE e.number > ? AND e.number <= ? AND ${LOST}`,
  );
  const sightingsNear = database.prepare(SIGHTINGS_NEAR);
  const joinedFrom = database.prepare(
    `SELECT impression AS number, visitor, time, sid, seen_at, witness FROM joined
     WHERE visitor = ? AND time >= ? - ${SESSION_REACH_MS}`,
  );
  const ofVisitors = database.prepare(
    `SELECT e.number, e.visitor, e.time FROM json_each(?) AS given CROSS JOIN events AS e ON e.visitor = given.value
     WHERE ${LOST}`,
  );
  const sightings = database.prepare(
    `SELECT e.visitor, e.sid, e.time, e.witness FROM json_each(?) AS given CROSS JOIN events AS e
     ON e.visitor = given.value ->> 0 AND e.time BETWEEN given.value ->> 1 AND given.value ->> 2
     WHERE e.witness IS NOT NULL`,
  );
  // With min(), the other columns are those of the same row.
  const firsts = database.prepare(
    `SELECT e.visitor, e.sid, min(e.time) AS time, e.witness FROM json_each(?) AS given CROSS JOIN events AS e
     ON e.visitor = given.value ->> 0 AND e.sid = given.value ->> 1
     WHERE e.witness IS NOT NULL GROUP BY given.key`,
  );
  const save = database.prepare(
    'INSERT OR REPLACE INTO joined (impression, visitor, time, sid, seen_at, witness) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM joined WHERE visitor IN (SELECT value FROM json_each(?))');

  /** The sightings of each visitor around these impressions, and the first ones of the sessions among them. */
  function sessionsAround(impressions: ReadonlyMap<number, readonly LostImpression[]>): Sessions {
    const sessions = createSessions();
    const see = ({ visitor, sid, time, witness }: Seen): void => sessions.see(visitor, { sid, time, source: witness });
    const ranges = [...impressions].map(([visitor, own]) => {
      const times = own.map(({ time }) => time);
      const from = times.reduce((a, b) => Math.min(a, b)) - SESSION_REACH_MS;
      return [visitor, from, times.reduce((a, b) => Math.max(a, b)) + SESSION_REACH_MS];
    });
    const byServer = new Map<string, [number, string]>();
    for (const seen of sightings.all(JSON.stringify(ranges)) as Seen[]) {
      see(seen);
      if (seen.witness === 'server') byServer.set(`${seen.visitor} ${seen.sid}`, [seen.visitor, seen.sid]);
    }
    // A server's sighting counts only for some hours after the first one of its session.
    for (const first of firsts.all(JSON.stringify([...byServer.values()])) as Seen[]) see(first);
    return sessions;
  }

  return {
    affectedBy(from, to) {
      const found = byVisitor(sightingsNear.all(from, to) as Seen[]);
      const moved = [...found].flatMap(([visitor, seen]) => {
        const earliest = seen.reduce((time, one) => Math.min(time, one.time), Number.POSITIVE_INFINITY);
        return affectedAmong(joinedFrom.all(visitor, earliest) as Joined[], seen);
      });
      return [...(arrived.all(from, to) as LostImpression[]), ...moved];
    },
    ofVisitors: (visitors) => ofVisitors.all(JSON.stringify(visitors)) as LostImpression[],
    join(impressions) {
      if (impressions.length === 0) return;
      const sessions = sessionsAround(byVisitor(impressions));
      for (const { number, visitor, time } of impressions) {
        const near = sessions.near(visitor, time);
        save.run(number, visitor, time, near?.sid ?? null, near?.time ?? null, near?.witness ?? null);
      }
    },
    forget: (visitors) => void forget.run(JSON.stringify(visitors)),
  };
}

/** The impressions that may join another session because their visitor was seen. It may name more, and never misses one. */
function affectedAmong(joined: readonly Joined[], seen: readonly Seen[]): Joined[] {
  const sessions = createSessions();
  const firsts = new Map<string, number>();
  for (const { visitor, sid, time, witness } of seen) {
    sessions.see(visitor, { sid, time, source: witness });
    firsts.set(sid, Math.min(time, firsts.get(sid) ?? time));
  }
  return joined.filter((impression) => {
    const { visitor, time, sid, seen_at: seenAt, witness } = impression;
    const near = sessions.near(visitor, time);
    if (sid === null) return near !== undefined;
    if (witness === 'server' && seenAt - (firsts.get(sid) ?? seenAt) > MAX_SESSION_MS) return true;
    if (near === undefined) return false;
    if (near.witness !== witness) return near.witness === 'browser';
    return Math.abs(near.time - time) <= Math.abs(seenAt - time);
  });
}
