import type { BigIntStats } from 'node:fs';
import { isSame, look } from '../outbox/sqlite/look.js';
import { prepare } from '../outbox/sqlite/prepare.js';
import type { Database, Sqlite, SqliteDatabase, Statement } from '../sqlite/database.js';
import { ensurePrivateFile } from '../sqlite/private-file.js';

/** SQLite blocks the event loop this long for another process; after that, retries wait without blocking. */
const BUSY_TIMEOUT_MS = 20;
/** The next sweep deletes the rest, because a sweep locks the file. */
const MAX_SWEPT = 1_000;

export type Source = { readonly file: string; readonly Sqlite: Sqlite } | { readonly database: SqliteDatabase };

/** Times are in milliseconds since the epoch. */
export interface Statements {
  /** key, end, now: changes a row if the key was free */
  readonly claim: Statement;
  /** key, value, end */
  readonly remember: Statement;
  /** key, now → value */
  readonly recall: Statement;
  /** visitor → count of keys that begin with it */
  readonly count: Statement;
  /** visitor: deletes them */
  readonly forget: Statement;
  /** now */
  readonly sweep: Statement;
}

interface Open {
  readonly statements: Statements;
  /** For a file that the store opened itself. */
  readonly own?: { readonly database: Database; readonly stats: BigIntStats | undefined };
}

/** The table of exposures, opened on first use and again after {@link close} or when its file was replaced. */
export class SqliteTable {
  readonly #source: Source;
  #open: Open | undefined;

  constructor(source: Source) {
    this.#source = source;
  }

  /** @throws the driver's or the file system's error */
  use<Result>(work: (statements: Statements) => Result): Result {
    // Later processes open the file at the path: all must use the same file.
    if ('file' in this.#source && this.#open?.own && !isSame(this.#open.own.stats, look(this.#source.file)))
      this.close();
    this.#open ??= open(this.#source);
    return work(this.#open.statements);
  }

  close(): void {
    const own = this.#open?.own;
    this.#open = undefined;
    try {
      own?.database.close();
    } catch {
      // A broken database may fail here, and closing it would save nothing.
    }
  }
}

function open(source: Source): Open {
  if ('database' in source) return { statements: prepareAll(source.database) };
  const { file, Sqlite } = source;
  ensurePrivateFile(file);
  const database = new Sqlite(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
    return { statements: prepareAll(database), own: { database, stats: look(file) } };
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareAll(database: SqliteDatabase): Statements {
  database.exec(`
    CREATE TABLE IF NOT EXISTS ours_exposures (
      key TEXT PRIMARY KEY, -- SHA-256 in hex
      value TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS ours_exposures_expiry ON ours_exposures (expires_at);
  `);
  return {
    claim: prepare(
      database,
      `INSERT INTO ours_exposures (key, value, expires_at) VALUES (?1, '', ?2)
       ON CONFLICT (key) DO UPDATE SET value = '', expires_at = ?2 WHERE expires_at <= ?3`,
    ),
    remember: prepare(
      database,
      `INSERT INTO ours_exposures (key, value, expires_at) VALUES (?1, ?2, ?3)
       ON CONFLICT (key) DO UPDATE SET value = ?2, expires_at = ?3`,
    ),
    recall: prepare(database, 'SELECT value FROM ours_exposures WHERE key = ?1 AND expires_at > ?2'),
    // After every hex digit comes 'g'.
    count: prepare(database, "SELECT count(*) AS count FROM ours_exposures WHERE key >= ?1 AND key < ?1 || 'g'"),
    forget: prepare(database, "DELETE FROM ours_exposures WHERE key >= ?1 AND key < ?1 || 'g'"),
    sweep: prepare(
      database,
      `DELETE FROM ours_exposures WHERE key IN (
         SELECT key FROM ours_exposures WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ${MAX_SWEPT}
       )`,
    ),
  };
}
