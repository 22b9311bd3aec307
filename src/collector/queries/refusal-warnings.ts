import type { Database } from '../../sqlite/database.js';
import type { Verdict, Warning } from '../measuring/verdict.js';
import { sourceOfRepeat } from '../store/id-holders.js';

/** The columns of a refused event that its warnings need. */
export interface RefusedEvent {
  readonly distinct_id: string | null;
  readonly source: string;
  readonly visitor: number;
  readonly sid: string | null;
  readonly refusal: Verdict | null;
}

/**
 * Returns a function that gives the warnings of a refused event. Only two kinds of repeats are stored: those of another source, and
 * those that name another visitor or session. Names that turned out to be one visitor since then need no warning.
 */
export function createRefusalWarnings(database: Database): (event: RefusedEvent) => readonly Warning[] {
  const holderOf = database.prepare('SELECT visitor, sid FROM events WHERE distinct_id = ? AND source = ?');
  return ({ distinct_id, source, visitor, sid, refusal }) => {
    if (refusal !== 'duplicate_id') return [];
    const sender = sourceOfRepeat(source);
    if (sender === undefined) return ['id_used_by_another_source'];
    const holder = holderOf.get(distinct_id, sender) as Pick<RefusedEvent, 'visitor' | 'sid'> | undefined;
    // Its person may have been forgotten.
    if (holder === undefined) return [];
    if (holder.visitor !== visitor) return ['id_used_for_another_visitor'];
    return sid !== null && sid !== holder.sid ? ['id_used_in_another_session'] : [];
  };
}
