import { randomUUID } from 'node:crypto';
import { linkSync, unlinkSync } from 'node:fs';
import type { Database, Sqlite, SqliteDatabase } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';
import { Checkpoints } from './checkpoints.js';
import { isSame, look, OpenFiles } from './open-files.js';
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
  /** `undefined` for one in memory. */
  readonly files: OpenFiles | undefined;
  readonly own?: Own;
}

/** One to a file that the outbox has opened itself. */
export interface OwnConnection extends Connection {
  readonly files: OpenFiles;
  readonly own: Own;
}

export function isOwn(connection: Connection): connection is OwnConnection {
  return connection.own !== undefined;
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
  const statements = prepareTables(database, name);
  const target = targetOf(database);
  return { statements, files: target === undefined ? undefined : new OpenFiles(target, target) };
}

function connectFile(source: FileSource, name: string, reserve: Reserve): OwnConnection {
  const { file } = source;
  ensurePrivateFile(file);
  const before = look(file);
  const database = openFile(source, name, reserve.bytes);
  try {
    const statements = prepareTables(database, name);
    const target = targetOf(database) ?? file;
    const files = new OpenFiles(file, target);
    if (!isSame(before, look(file))) {
      throw new SqliteOutboxError(`${name} was replaced while it was being opened.`, { isTransient: true });
    }
    const checkpoints = new Checkpoints(database, target, reserve.bytes / 2 / PAGE_BYTES);
    // A process that was killed may have left delivered events in the log.
    if (files.hasLog) checkpoints.eraseSoon();
    return { statements, files, own: { database, checkpoints, reserve } };
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
    // journal_size_limit: a log that had to grow behind a reader does not stay as long as it was.
    // secure_delete: SQLite would otherwise leave delivered events in free pages.
    database.exec(`
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${Math.ceil(reserveBytes / PAGE_BYTES)};
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

/** The path as SQLite knows it; `undefined` for a database in memory. */
function targetOf(database: SqliteDatabase): string | undefined {
  const rows = prepare(database, 'PRAGMA database_list').all() as { readonly name: string; readonly file: string }[];
  return rows.find(({ name }) => name === 'main')?.file || undefined;
}

/** Closes a database whose file is in its place. What was deleted leaves the log first. */
export function close({ own }: Connection): void {
  own?.checkpoints.close();
  own?.checkpoints.copyAndCut();
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
export function closeDisplaced({ own, files }: OwnConnection): void {
  const others = files.companions().filter(({ isOthers }) => isOthers);
  const kept = others.map(({ name }) => ({ name, second: `${name}.${randomUUID()}` }));
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
