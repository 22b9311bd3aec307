import type { Database } from '../../sqlite/database.js';

/** Who goes by which names. Names seen together are one visitor, whenever they were seen. */
export interface Visitors {
  /** To be called at the start of a transaction: another process may have met visitors since the last one. */
  catchUp(): void;
  /** Sees to it that a number stands for whoever goes by this name. */
  meet(name: string): void;
  /** Makes all who go by these names one. */
  join(names: readonly string[]): void;
}

/**
 * Visitors in a database, where every event carries its visitor's number.
 *
 * Those who turn out to be one get the lowest of their numbers. Which it is means nothing, so the order of arrival does not
 * either.
 */
export function createVisitors(database: Database): Visitors {
  const add = database.prepare('INSERT INTO names (name, visitor) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const highest = database.prepare('SELECT coalesce(max(visitor), 0) AS visitor FROM names');
  const find = database.prepare('SELECT visitor FROM names WHERE name = ?');
  const moveNames = database.prepare('UPDATE names SET visitor = ? WHERE visitor = ?');
  const moveEvents = database.prepare('UPDATE events SET visitor = ? WHERE visitor = ?');

  let next = 1;
  const catchUp = (): void => {
    next = (highest.get() as { visitor: number }).visitor + 1;
  };
  const meet = (name: string): void => {
    if (Number(add.run(name, next).changes) > 0) next += 1;
  };
  catchUp();

  return {
    catchUp,
    meet,
    join(names) {
      if (names.length < 2) return;
      names.forEach(meet);
      const found = names.map((name) => (find.get(name) as { visitor: number }).visitor);
      const lowest = Math.min(...found);
      for (const other of new Set(found)) {
        if (other === lowest) continue;
        moveNames.run(lowest, other);
        moveEvents.run(lowest, other);
      }
    },
  };
}
