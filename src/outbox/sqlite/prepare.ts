import type { SqliteDatabase, Statement } from '../../sqlite/database.js';

/** How drivers configure what a statement returns: `better-sqlite3` and `libsql` have the first, `node:sqlite` the others. */
interface ResultModes {
  safeIntegers?(isOn: boolean): unknown;
  setReadBigInts?(isOn: boolean): unknown;
  setReturnArrays?(isOn: boolean): unknown;
}

/** Prepares a statement that returns rows as objects and integers as numbers, whatever the database's defaults. */
export function prepare(database: SqliteDatabase, sql: string): Statement {
  const statement = database.prepare(sql) as Statement & ResultModes;
  statement.safeIntegers?.(false);
  statement.setReadBigInts?.(false);
  statement.setReturnArrays?.(false);
  return statement;
}
