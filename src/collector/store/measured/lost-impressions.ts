import { MAX_SESSION_MS } from '../../../protocol/limits.js';
import type { Database } from '../../../sqlite/database.js';
import {
  createSessions,
  SESSION_REACH_MS,
  type Sessions,
  type Sighting,
  type Witness,
} from '../../measuring/sessions.js';

/** An impression without a session. */
export interface LostImpression {
  readonly number: number;
  readonly visitor: number;
  readonly time: number;
}

/** A sighting of a visitor. */
interface Seen extends Sighting {
  readonly visitor: number;
}

/** Impressions without a session, and which session each one joined. */
export interface LostImpressions {
  /** Those among the events after `from` up to `to`, and earlier ones that may join another session because of these events. */
  affectedBy(from: number, to: number): readonly LostImpression[];
  /** All of a visitor's. */
  ofVisitor(visitor: number): readonly LostImpression[];
  /** Finds the session of each impression. All are of one visitor. */
  join(impressions: readonly LostImpression[]): void;
  /** Forgets what a visitor's impressions joined. */
  forget(visitor: number): void;
}

const LOST = 'experiment IS NOT NULL AND sid IS NULL AND refusal IS NULL';

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
    `SELECT number, visitor, time FROM events WHERE number > ? AND number <= ? AND ${LOST}`,
  );
  const sightingsNear = database.prepare(SIGHTINGS_NEAR);
  const joinedFrom = database.prepare(
    `SELECT impression AS number, visitor, time, sid, seen_at, witness FROM joined
     WHERE visitor = ? AND time >= ? - ${SESSION_REACH_MS}`,
  );
  const ofVisitor = database.prepare(`SELECT number, visitor, time FROM events WHERE visitor = ? AND ${LOST}`);
  const sightings = database.prepare(
    'SELECT sid, time, witness FROM events WHERE visitor = ? AND time BETWEEN ? AND ? AND witness IS NOT NULL',
  );
  const first = database.prepare(
    'SELECT sid, time, witness FROM events WHERE visitor = ? AND sid = ? AND witness IS NOT NULL ORDER BY time LIMIT 1',
  );
  const save = database.prepare(
    'INSERT OR REPLACE INTO joined (impression, visitor, time, sid, seen_at, witness) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const forget = database.prepare('DELETE FROM joined WHERE visitor = ?');

  /** The sightings near these times, and the first one of each session among them. */
  function sessionsAround(visitor: number, times: readonly number[]): Sessions {
    const from = times.reduce((a, b) => Math.min(a, b)) - SESSION_REACH_MS;
    const to = times.reduce((a, b) => Math.max(a, b)) + SESSION_REACH_MS;
    const sessions = createSessions();
    const see = ({ sid, time, witness }: Sighting): void => sessions.see(visitor, { sid, time, source: witness });
    const byServer = new Set<string>();
    for (const sighting of sightings.all(visitor, from, to) as Sighting[]) {
      see(sighting);
      if (sighting.witness === 'server') byServer.add(sighting.sid);
    }
    // A server's sighting counts only for some hours after the first one of its session.
    for (const sid of byServer) see(first.get(visitor, sid) as Sighting);
    return sessions;
  }

  return {
    affectedBy(from, to) {
      const found = new Map<number, Seen[]>();
      for (const seen of sightingsNear.all(from, to) as Seen[]) {
        const own = found.get(seen.visitor);
        if (own === undefined) found.set(seen.visitor, [seen]);
        else own.push(seen);
      }
      const moved = [...found].flatMap(([visitor, seen]) => {
        const earliest = seen.reduce((time, one) => Math.min(time, one.time), Number.POSITIVE_INFINITY);
        return affectedAmong(joinedFrom.all(visitor, earliest) as Joined[], seen);
      });
      return [...(arrived.all(from, to) as LostImpression[]), ...moved];
    },
    ofVisitor: (visitor) => ofVisitor.all(visitor) as LostImpression[],
    join(impressions) {
      if (impressions.length === 0) return;
      const { visitor } = impressions[0]!;
      const sessions = sessionsAround(
        visitor,
        impressions.map(({ time }) => time),
      );
      for (const { number, time } of impressions) {
        const near = sessions.near(visitor, time);
        save.run(number, visitor, time, near?.sid ?? null, near?.time ?? null, near?.witness ?? null);
      }
    },
    forget: (visitor) => void forget.run(visitor),
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
