import type { Database } from '../../sqlite/database.js';

/** The names of visitors. Names seen together are one visitor, whenever they were seen. */
export interface Visitors {
  /** Assigns a number to each name that has none. */
  add(names: ReadonlySet<string>): void;
  /** Merges the visitors of the names in each group. Every name must have a number. */
  join(groups: readonly (readonly string[])[]): void;
}

/**
 * Visitors in a database, where every event has its visitor's number.
 *
 * Merged visitors get the lowest of their numbers. The numbers have no meaning, so neither has the order of arrival.
 *
 * @param onMerge called with the numbers of visitors that turn out to be one
 */
export function createVisitors(database: Database, onMerge: (visitors: readonly number[]) => void): Visitors {
  const add = database.prepare(
    `INSERT INTO names (name, visitor)
     SELECT value, (SELECT coalesce(max(visitor), 0) FROM names) + row_number() OVER (ORDER BY key)
     FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM names WHERE name = value)`,
  );
  const apart = database.prepare(
    `SELECT each.key FROM json_each(?) AS each CROSS JOIN json_each(each.value) AS one
       CROSS JOIN names ON names.name = one.value
     GROUP BY each.key HAVING min(visitor) <> max(visitor)`,
  );
  const find = database.prepare(
    'SELECT DISTINCT visitor FROM json_each(?) CROSS JOIN names ON name = value ORDER BY visitor',
  );
  const moveNames = database.prepare('UPDATE names SET visitor = ? WHERE visitor = ?');
  const moveEvents = database.prepare('UPDATE events SET visitor = ? WHERE visitor = ?');

  const merge = (names: readonly string[]): void => {
    const found = (find.all(JSON.stringify(names)) as { visitor: number }[]).map(({ visitor }) => visitor);
    const [lowest, ...others] = found as [number, ...number[]];
    // An earlier group may have merged them already.
    if (others.length === 0) return;
    onMerge(found);
    for (const other of others) {
      moveNames.run(lowest, other);
      moveEvents.run(lowest, other);
    }
  };

  return {
    add: (names) => void add.run(JSON.stringify([...names])),
    join(groups) {
      if (groups.length === 0) return;
      for (const { key } of apart.all(JSON.stringify(groups)) as { key: number }[]) merge(groups[key]!);
    },
  };
}
