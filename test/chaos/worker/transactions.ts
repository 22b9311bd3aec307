import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Client } from '../../../src/index.js';
import type { Random } from '../random.js';
import type { Diary } from './diary.js';
import type { Planned } from './events.js';

const MAX_HELD_MS = 1_500;

/** Tracks a few events in a transaction that stays open for a while and then commits or rolls back. */
export async function trackInTransaction(
  client: Client,
  pool: pg.Pool,
  next: () => Planned,
  random: Random,
  diary: Diary,
): Promise<void> {
  const ids: string[] = [];
  const commits = random.chance(0.7);
  const heldMs = random.between(0, MAX_HELD_MS);
  const events = Array.from({ length: random.between(1, 3) }, next).filter(({ kind }) => kind === 'track');
  let isEnding = false;
  let connection: pg.PoolClient | undefined;
  let broken: Error | undefined;
  try {
    connection = await pool.connect();
    await connection.query('BEGIN');
    for (const { key, userId, distinctId, time, eventProperties, nature } of events) {
      const enlisted = await client
        .within(connection)
        .track({ event: 'purchase', userId, distinctId, time, eventProperties });
      diary('tracked', {
        ...{ id: enlisted.distinctId, key, kind: 'track', nature, time },
        ...{ between: undefined, after: undefined },
      });
      if (enlisted.status === 'appended') ids.push(enlisted.distinctId);
    }
    await sleep(heldMs);
    isEnding = true;
    await connection.query(commits ? 'COMMIT' : 'ROLLBACK');
    diary('transaction', ids, commits ? 'committed' : 'rolled back');
  } catch (error) {
    broken = error as Error;
    // The answer to COMMIT was lost: it may have happened.
    diary('transaction', ids, isEnding && commits ? 'unknown' : 'rolled back');
  } finally {
    connection?.release(broken);
  }
}
