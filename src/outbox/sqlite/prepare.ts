import type { SqliteDatabase, Statement } from '../../sqlite/database.js';

/** How drivers configure the type of integers: `better-sqlite3` and `libsql`, and `node:sqlite`. */
interface IntegerModes {
  safeIntegers?(isOn: boolean): unknown;
  setReadBigInts?(isOn: boolean): unknown;
}

/** Prepares a statement that returns integers as numbers, whatever the database's default. */
export function prepare(database: SqliteDatabase, sql: string): Statement {
  const statement = database.prepare(sql) as Statement & IntegerModes;
  statement.safeIntegers?.(false);
  statement.setReadBigInts?.(false);
  return statement;
}
