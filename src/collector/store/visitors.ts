import type { Database } from './open-database.js';

/** Who goes by which names. Names seen together are one visitor, whenever they were seen. */
export interface Visitors {
  /** The number that stands for whoever goes by this name. */
  find(name: string): number;
  /** Makes all who go by these names one. */
  join(names: readonly string[]): void;
}

/**
 * Visitors in a database, where every event carries its visitor's number.
 *
 * Two who turn out to be one get the lower number of the two. Which it is means nothing, so the order of arrival does not
 * either.
 */
export function createVisitors(database: Database): Visitors {
  const known = database.prepare('SELECT visitor FROM names WHERE name = ?');
  const highest = database.prepare('SELECT coalesce(max(visitor), 0) AS visitor FROM names');
  const add = database.prepare('INSERT INTO names (name, visitor) VALUES (?, ?)');
  const moveNames = database.prepare('UPDATE names SET visitor = ? WHERE visitor = ?');
  const moveEvents = database.prepare('UPDATE events SET visitor = ? WHERE visitor = ?');

  const lookUp = (name: string): number | undefined => (known.get(name) as { visitor: number } | undefined)?.visitor;
  const meet = (name: string): number => {
    const visitor = (highest.get() as { visitor: number }).visitor + 1;
    add.run(name, visitor);
    return visitor;
  };

  return {
    find: (name) => lookUp(name) ?? meet(name),
    join(names) {
      if (names.length < 2) return;
      const found = new Set(names.map((name) => lookUp(name)));
      found.delete(undefined);
      const [first, ...others] = [...(found as Set<number>)].sort((a, b) => a - b);
      const visitor = first ?? meet(names[0]!);
      for (const name of names) if (lookUp(name) === undefined) add.run(name, visitor);
      for (const other of others) {
        moveNames.run(visitor, other);
        moveEvents.run(visitor, other);
      }
    },
  };
}
