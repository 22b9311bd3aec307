import type { Sqlite } from '../../sqlite/database.js';
import { readSchema } from '../../sqlite/read-schema.js';

/** What a file is to a collector: `empty` can become its file, `foreign` holds something else. */
export type FileKind = 'empty' | 'collector' | 'foreign';

/** The tables that every format of a collector's file has had. */
const OURS = ['names', 'events', 'experiments', 'assignments'];

/**
 * Tells a collector's file, of any format, from another application's database. Changes nothing in it.
 *
 * @throws the driver's error if the file is not a database
 */
export function fileKind(Sqlite: Sqlite, path: string): FileKind {
  const { tables, userVersion } = readSchema(Sqlite, path);
  if (tables.size === 0) return 'empty';
  return userVersion > 0 && OURS.every((table) => tables.has(table)) ? 'collector' : 'foreign';
}
