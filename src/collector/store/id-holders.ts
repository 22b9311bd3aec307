import { toSid } from '../../protocol/identity.js';
import type { Database } from '../../sqlite/database.js';
import type { ArrivedRow } from './collected-event.js';
import { toStoredText } from './stored-text.js';
import { storedNames } from './to-log-entry.js';

/** The event of a source that has an id: later ones with the id are repeats. */
export interface Holder {
  /** Its place in the order of arrival. */
  readonly number: number;
  readonly isRefused: boolean;
  readonly row: ArrivedRow;
}

/** What is stored under some ids. */
export interface FoundIds {
  /** The events of this source, by id. */
  readonly own: Map<string, Holder>;
  /** The ids that accepted events of other sources have. */
  readonly others: Set<string>;
  /** The ids under which a repeat of this source is stored. */
  readonly shown: Set<string>;
}

export interface IdHolders {
  find(ids: readonly string[], source: string): FoundIds;
  /** Takes its id from a stored event that was refused, so that another event can have it. */
  release(number: number, source: string): void;
}

// An id is stored once for each source, so what does not hold its id is stored under a source of its own.
const REPEAT = ' repeat';
const RELEASED = ' released';

/** The source under which a repeat is stored that is shown but does not count. */
export function repeatSource(source: string): string {
  return source + REPEAT;
}

/** The source under which a refused event is stored that has lost its id to a later one. */
export function releasedSource(source: string, number: number): string {
  return `${source}${RELEASED} ${number}`;
}

/** The source that sent a repeat; `undefined` for other events. */
export function sourceOfRepeat(stored: string): string | undefined {
  return stored.endsWith(REPEAT) ? stored.slice(0, -REPEAT.length) : undefined;
}

export function createIdHolders(database: Database): IdHolders {
  const holders = database.prepare(
    `SELECT distinct_id AS id, number, source, refusal, CASE source WHEN ?2 THEN row END AS row
     FROM json_each(?1) CROSS JOIN events ON distinct_id = value`,
  );
  const release = database.prepare('UPDATE events SET source = ? WHERE number = ?');
  return {
    find(ids, source) {
      const found: FoundIds = { own: new Map(), others: new Set(), shown: new Set() };
      if (ids.length === 0) return found;
      for (const each of holders.all(JSON.stringify(ids), source) as HolderRow[]) {
        const { id, number, refusal, row } = each;
        const isRefused = refusal !== null;
        if (row !== null) found.own.set(id, { number, isRefused, row: JSON.parse(row) as ArrivedRow });
        else if (each.source === repeatSource(source)) found.shown.add(id);
        else if (!isRefused) found.others.add(id);
      }
      return found;
    },
    release: (number, source) => void release.run(releasedSource(source, number), number),
  };
}

interface HolderRow {
  readonly id: string;
  readonly number: number;
  readonly source: string;
  readonly refusal: string | null;
  /** Of this source's own event. */
  readonly row: string | null;
}

/** Whether a repeat names another visitor or another session than the event that holds its id. */
export function isOfAnother(repeat: ArrivedRow, { row }: Holder): boolean {
  const names = storedNames(repeat);
  const known = storedNames(row);
  const sid = sidOf(repeat);
  return (names.length > 0 && !names.some((name) => known.includes(name))) || (sid !== undefined && sid !== sidOf(row));
}

function sidOf({ defaultProperties }: ArrivedRow): string | undefined {
  const sid = toSid(defaultProperties?.sid);
  return sid && toStoredText(sid);
}
