import type { Database } from '../../src/sqlite/database.js';

/** The database, and a call for the rows of each query that reads a list. */
export function watchRows(database: Database, onRows: (rows: readonly unknown[]) => void): Database {
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => statement.get(...values),
        all(...values) {
          const rows = statement.all(...values);
          onRows(rows);
          return rows;
        },
      };
    },
  };
}
