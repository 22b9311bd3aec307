import type { SqliteDatabase, Statement } from '../../sqlite/database.js';

/** How drivers are told what integers become: `better-sqlite3` and `libsql`, and `node:sqlite`. */
interface IntegerModes {
  safeIntegers?(isOn: boolean): unknown;
  setReadBigInts?(isOn: boolean): unknown;
}

/** Prepares a statement whose integers are numbers, whatever the owner of the database wants for others. */
export function prepare(database: SqliteDatabase, sql: string): Statement {
  const statement = database.prepare(sql) as Statement & IntegerModes;
  statement.safeIntegers?.(false);
  statement.setReadBigInts?.(false);
  return statement;
}
