import { lstatSync, realpathSync, unlinkSync } from 'node:fs';
import type { Database, Sqlite, SqliteDatabase } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';
import { Checkpoints } from './checkpoints.js';
import { FolderWatch } from './folder-watch.js';
import { isSame, look } from './look.js';
import { areInPlace, type Companion, companionsOf, OpenFiles } from './open-files.js';
import { prepare } from './prepare.js';
import { Reserve } from './reserve.js';
import { prepareSchema } from './schema.js';
import { explain, SqliteError } from './sqlite-error.js';
import { prepareStatements, type Statements } from './statements.js';

/** SQLite blocks the event loop this long for another process; after that, retries wait without blocking. */
const BUSY_TIMEOUT_MS = 20;
const PAGE_BYTES = 4_096;

export interface FileSource {
  readonly file: string;
  readonly Sqlite: Sqlite;
  readonly synchronous: 'normal' | 'full';
}

export type Source = FileSource | { readonly database: SqliteDatabase };

/** Maintenance of a database that the outbox opened. The caller's own database is left as configured. */
interface Own {
  readonly database: Database;
  readonly checkpoints: Checkpoints;
  readonly reserve: Reserve;
}

/** An open database. */
export interface Connection {
  readonly statements: Statements;
  /** `undefined` for a database in memory. */
  readonly files: OpenFiles | undefined;
  readonly own?: Own;
  /** A warning about the file. */
  readonly warning?: string | undefined;
}

/** A connection to a file that the outbox opened itself. */
export interface OwnConnection extends Connection {
  readonly files: OpenFiles;
  readonly own: Own;
}

export function isOwn(connection: Connection): connection is OwnConnection {
  return connection.own !== undefined;
}

/** @throws {SqliteError} or the driver's or the file system's error */
export function connect(source: Source, name: string): Connection {
  if ('file' in source) {
    const folder = new FolderWatch(source.file);
    const reserve = new Reserve(source.file, name, folder);
    try {
      return connectFile(source, name, reserve, folder);
    } catch (error) {
      if (!reserve.explains(error)) throw error;
      reserve.release();
      return connectFile(source, name, reserve, folder);
    }
  }
  const { database } = source;
  const statements = prepareTables(database, name);
  const target = targetOf(database);
  return { statements, files: target === undefined ? undefined : new OpenFiles(target, target) };
}

function connectFile(source: FileSource, name: string, reserve: Reserve, folder: FolderWatch): OwnConnection {
  const { file } = source;
  // A log and index without a database belong to a deleted one: SQLite would read them as the new one's.
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) {
    for (const { name } of companionsOf(file)) attempt(() => unlinkSync(name));
  }
  const warning = ensurePrivateFile(file);
  const before = look(file);
  const companions = companionsToJoin(source, name);
  const database = openFile(source, name, reserve.bytes);
  try {
    const statements = prepareTables(database, name);
    const target = targetOf(database) ?? file;
    const files = new OpenFiles(file, target, folder);
    if (!isSame(before, look(file)) || !areInPlace(companions) || !files.areComplete) {
      throw new SqliteError(`${name} was replaced while it was being opened.`, { isTransient: true });
    }
    const checkpoints = new Checkpoints(database, target, reserve.bytes / 2 / PAGE_BYTES);
    // A process that was killed may have left delivered events in the log.
    if (files.hasLog) checkpoints.eraseSoon();
    return { statements, files, own: { database, checkpoints, reserve }, warning };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * The log and index that this process will share; none if it creates them.
 *
 * A process whose log was deleted keeps using it, and a second log for the same database would destroy the contents of both. So
 * this process starts a new log only if no other has the database open; others replace the file within a second.
 *
 * @throws {SqliteError} transient, while another process has the database open with a deleted log
 */
export function companionsToJoin(
  { file, Sqlite }: Pick<FileSource, 'file' | 'Sqlite'>,
  name: string,
): readonly Companion[] {
  const companions = companionsOf(realpathSync(file));
  if (companions.every(({ stats }) => stats !== undefined)) return companions;
  if ((look(file)?.size ?? 0n) > 0n) {
    const database = new Sqlite(file);
    try {
      // This mode locks the database itself, and creates no log before it holds the lock.
      database.exec(
        `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT`,
      );
    } catch (cause) {
      const { message, isTransient, isBroken } = explain(cause, name);
      throw new SqliteError(
        isTransient
          ? `${name} is open in another process, and its -wal or -shm file is missing: that process replaces the file within a second. If it does not, end it.`
          : message,
        { isTransient, isBroken, cause },
      );
    } finally {
      attempt(() => database.close());
    }
  }
  return [];
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
      throw new SqliteError(
        `${name} is on a file system that several processes cannot share a write-ahead log on, such as a network drive: put it on a local disk.`,
        { isBroken: true },
      );
    }
    // wal_autocheckpoint: if our own checkpoints fail, SQLite copies the log while the reserve still covers it.
    // journal_size_limit: truncates a log that grew behind a reader.
    // secure_delete: otherwise delivered events stay in free pages.
    database.exec(`
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${Math.ceil((reserveBytes / PAGE_BYTES) * 0.75)};
      PRAGMA journal_size_limit = ${reserveBytes};
      PRAGMA secure_delete = ON;
      PRAGMA cache_size = -16384;
    `);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The path that SQLite opened; `undefined` for a database in memory. */
function targetOf(database: SqliteDatabase): string | undefined {
  const rows = prepare(database, 'PRAGMA database_list').all() as { readonly name: string; readonly file: string }[];
  return rows.find(({ name }) => name === 'main')?.file || undefined;
}

/** Closes a database whose file is at its path, after removing deleted events from the log. */
export function close(connection: Connection): void {
  connection.own?.checkpoints.close();
  connection.own?.checkpoints.copyAndCut();
  closeDisplaced(connection);
}

/**
 * Closes a database whose file is no longer at its path. The log and index there belong to another database, and SQLite leaves them
 * alone: it checks the file's path before it deletes anything.
 */
export function closeDisplaced({ own }: Connection): void {
  own?.checkpoints.close();
  // A broken database may fail here, and closing it would save nothing.
  attempt(() => own?.database.close());
}

/** Runs something that may already be done, or be no longer possible. */
export function attempt(work: () => unknown): void {
  try {
    work();
  } catch {
    // Already done, or impossible.
  }
}
