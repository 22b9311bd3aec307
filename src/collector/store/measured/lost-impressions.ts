import { MAX_SESSION_MS } from '../../../protocol/limits.js';
import type { Database } from '../../../sqlite/database.js';
import { createSessions, SESSION_REACH_MS, type Sessions, type Sighting } from '../../measuring/sessions.js';

/** An impression without a session. */
export interface LostImpression {
  readonly number: number;
  readonly visitor: number;
  readonly time: number;
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

// A sighting changes what an impression joined if it is nearer, or a browser's where only a server's was known.
const NEARER = `
  SELECT j.impression AS number, j.visitor, j.time
  FROM events AS e CROSS JOIN joined AS j
  WHERE e.number > ? AND e.number <= ? AND e.witness IS NOT NULL AND j.visitor = e.visitor
    AND j.time BETWEEN e.time - ${SESSION_REACH_MS} AND e.time + ${SESSION_REACH_MS}
    AND (j.sid IS NULL
      OR e.witness = 'browser' AND j.witness = 'server'
      OR e.witness = j.witness AND abs(e.time - j.time) <= abs(j.seen_at - j.time))`;

// A sighting that began a session earlier makes a server's late sightings of this session too late.
const EARLIER = `
  SELECT j.impression AS number, j.visitor, j.time
  FROM events AS e CROSS JOIN joined AS j
  WHERE e.number > ? AND e.number <= ? AND e.witness IS NOT NULL AND j.visitor = e.visitor
    AND j.time > e.time + ${MAX_SESSION_MS - SESSION_REACH_MS} AND j.sid = e.sid AND j.witness = 'server'
    AND j.seen_at > e.time + ${MAX_SESSION_MS}`;

export function createLostImpressions(database: Database): LostImpressions {
  const arrived = database.prepare(
    `SELECT number, visitor, time FROM events WHERE number > ? AND number <= ? AND ${LOST}`,
  );
  const nearer = database.prepare(NEARER);
  const earlier = database.prepare(EARLIER);
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
      return [arrived, nearer, earlier].flatMap((found) => found.all(from, to) as LostImpression[]);
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
