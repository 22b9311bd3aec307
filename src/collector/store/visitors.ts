import type { Database } from '../../sqlite/database.js';

/** The names of visitors. Names seen together are one visitor, whenever they were seen. */
export interface Visitors {
  /** Call it at the start of a transaction: another process may have added visitors since the last one. */
  catchUp(): void;
  /** Assigns a number to the name if it has none, and returns whether it had none. */
  ensure(name: string): boolean;
  /** Merges the visitors of these names. */
  join(names: readonly string[]): void;
}

/**
 * Visitors in a database, where every event has its visitor's number.
 *
 * Merged visitors get the lowest of their numbers. The numbers have no meaning, so neither has the order of arrival.
 *
 * @param onMerge called with the numbers of visitors that turn out to be one
 */
export function createVisitors(database: Database, onMerge: (visitors: readonly number[]) => void): Visitors {
  const add = database.prepare('INSERT INTO names (name, visitor) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const highest = database.prepare('SELECT coalesce(max(visitor), 0) AS visitor FROM names');
  const find = database.prepare('SELECT visitor FROM names WHERE name = ?');
  const moveNames = database.prepare('UPDATE names SET visitor = ? WHERE visitor = ?');
  const moveEvents = database.prepare('UPDATE events SET visitor = ? WHERE visitor = ?');

  let next = 1;
  const catchUp = (): void => {
    next = (highest.get() as { visitor: number }).visitor + 1;
  };
  const ensure = (name: string): boolean => {
    const isNew = Number(add.run(name, next).changes) > 0;
    if (isNew) next += 1;
    return isNew;
  };
  catchUp();

  return {
    catchUp,
    ensure,
    join(names) {
      if (names.length < 2) return;
      names.forEach(ensure);
      const found = names.map((name) => (find.get(name) as { visitor: number }).visitor);
      const lowest = Math.min(...found);
      if (found.some((visitor) => visitor !== lowest)) onMerge(found);
      for (const other of new Set(found)) {
        if (other === lowest) continue;
        moveNames.run(lowest, other);
        moveEvents.run(lowest, other);
      }
    },
  };
}
