import { randomUUID } from 'node:crypto';
import { linkSync, unlinkSync } from 'node:fs';
import type { Database, Sqlite, SqliteDatabase } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';
import { Checkpoints } from './checkpoints.js';
import { type Footprint, isSame, readFootprint } from './footprint.js';
import { prepare } from './prepare.js';
import { Reserve } from './reserve.js';
import { prepareSchema } from './schema.js';
import { SqliteOutboxError } from './sqlite-error.js';
import { prepareStatements, type Statements } from './statements.js';

/** SQLite waits this long for another process, and the whole program with it; then we wait without being in the way. */
const BUSY_TIMEOUT_MS = 20;
const PAGE_BYTES = 4_096;

export interface FileSource {
  readonly file: string;
  readonly Sqlite: Sqlite;
  readonly synchronous: 'normal' | 'full';
}

export type Source = FileSource | { readonly database: SqliteDatabase };

/** What the outbox does to a database that is its own. The caller's stays as the caller has set it up. */
interface Own {
  readonly database: Database;
  readonly checkpoints: Checkpoints;
  readonly reserve: Reserve;
}

/** An open database. */
export interface Connection {
  readonly statements: Statements;
  /** Where its file is, as far as it has one. */
  readonly path: string | undefined;
  /** The files it was opened with. */
  readonly footprint: Footprint;
  readonly own?: Own;
}

/** @throws {SqliteOutboxError} or the driver's or the file system's error */
export function connect(source: Source, name: string): Connection {
  if ('file' in source) {
    const reserve = new Reserve(source.file, name);
    try {
      return connectFile(source, name, reserve);
    } catch (error) {
      if (!reserve.explains(error)) throw error;
      reserve.release();
      return connectFile(source, name, reserve);
    }
  }
  const { database } = source;
  const path = pathOf(database);
  return { statements: prepareTables(database, name), path, footprint: readFootprint(path ?? '') };
}

function connectFile(source: FileSource, name: string, reserve: Reserve): Connection {
  const { file } = source;
  ensurePrivateFile(file);
  const before = readFootprint(file);
  const database = openFile(source, name, reserve.bytes);
  try {
    const statements = prepareTables(database, name);
    const footprint = readFootprint(file);
    if (!isSame(before.database, footprint.database)) {
      throw new SqliteOutboxError(`${name} was replaced while it was being opened.`, { isTransient: true });
    }
    const checkpoints = new Checkpoints(database, file, reserve.bytes / 4);
    // A process that was killed may have left delivered events in the log.
    if ((footprint.log?.size ?? 0n) > 0n) checkpoints.eraseSoon();
    return { statements, path: file, footprint, own: { database, checkpoints, reserve } };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareTables(database: SqliteDatabase, name: string): Statements {
  prepareSchema(database, name);
  return prepareStatements(database);
}

function openFile({ file, Sqlite, synchronous }: FileSource, name: string, reserveBytes: number): Database {
  const database = new Sqlite(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    const [row] = database.prepare('PRAGMA journal_mode = WAL').all() as { readonly journal_mode: string }[];
    if (row?.journal_mode !== 'wal') {
      throw new SqliteOutboxError(
        `${name} is on a file system that several processes cannot share a write-ahead log on, such as a network drive: put it on a local disk.`,
        { isBroken: true },
      );
    }
    // wal_autocheckpoint: should our own checkpoints not come, SQLite copies the log while the reserve still covers it.
    // journal_size_limit: a log that was long is cut when it is begun again.
    // secure_delete: SQLite would otherwise leave delivered events in free pages.
    database.exec(`
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${Math.ceil(reserveBytes / 2 / PAGE_BYTES)};
      PRAGMA journal_size_limit = 0;
      PRAGMA secure_delete = ON;
      PRAGMA cache_size = -16384;
    `);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The path of a database that the caller has opened; `undefined` for one in memory. */
function pathOf(database: SqliteDatabase): string | undefined {
  const rows = prepare(database, 'PRAGMA database_list').all() as { readonly name: string; readonly file: string }[];
  return rows.find(({ name }) => name === 'main')?.file || undefined;
}

/** Closes a database whose file is in its place. What was deleted leaves the log first. */
export function close({ own }: Connection): void {
  own?.checkpoints.close();
  try {
    own?.checkpoints.run();
  } catch {
    // The next process that opens the file does it.
  }
  try {
    own?.database.close();
  } catch {
    // It is broken; there is nothing in it that a close would save.
  }
}

/**
 * Closes a database whose path is another's now. SQLite deletes the log and its index by their names when the last process
 * closes a database, and those names may be the other one's: they are kept under a second name and put back.
 */
export function closeDisplaced({ own, path, footprint }: Connection): void {
  if (own === undefined || path === undefined) return;
  const now = readFootprint(path);
  const kept = [
    { name: `${path}-wal`, isOther: now.log !== undefined && !isSame(now.log, footprint.log) },
    { name: `${path}-shm`, isOther: now.index !== undefined && !isSame(now.index, footprint.index) },
  ].flatMap(({ name, isOther }) => (isOther ? [{ name, second: `${name}.${randomUUID()}` }] : []));
  own.checkpoints.close();
  for (const { name, second } of kept) attempt(() => linkSync(name, second));
  // Where a driver closes only when its statements are collected, the names are deleted now and not then.
  attempt(() => own.database.exec('PRAGMA journal_mode = DELETE'));
  attempt(() => own.database.close());
  for (const { name, second } of kept) {
    attempt(() => linkSync(second, name));
    attempt(() => unlinkSync(second));
  }
}

/** For what may be done already, or no longer possible. */
export function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // That is so here.
  }
}
