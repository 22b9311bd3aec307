import type { Database, Sqlite, SqliteDatabase } from '../../sqlite/database.js';
import { ensurePrivateFile } from '../../sqlite/private-file.js';
import { retryTransient } from '../retry-transient.js';
import { Checkpoints } from './checkpoints.js';
import { prepareSchema } from './schema.js';
import { explain, SqliteOutboxError } from './sqlite-error.js';
import { prepareStatements, type Statements } from './statements.js';

/** SQLite waits this long for another process, and the whole program with it; then we wait without being in the way. */
const BUSY_TIMEOUT_MS = 20;

/** Pages in the log at which SQLite copies it in the middle of a commit, should ours not come. */
const LOG_PAGES = 4_000;

export type Source =
  | { readonly file: string; readonly Sqlite: Sqlite; readonly synchronous: 'normal' | 'full' }
  | { readonly database: SqliteDatabase };

interface Open {
  readonly statements: Statements;
  /** Not where the database is the caller's: that one, and its log, stays the caller's. */
  readonly own?: { readonly database: Database; readonly checkpoints: Checkpoints };
}

/**
 * The outbox's file: closed ──first use──▶ open ──it breaks──▶ closed. Whatever happens to it is an error of the call that
 * met it, and the next call tries again, so that mending it needs no restart.
 */
export class File {
  /** For messages. */
  readonly name: string;
  readonly #source: Source;
  #open: Open | undefined;
  #isClosed = false;

  constructor(source: Source) {
    this.#source = source;
    this.name = 'file' in source ? `the outbox file ${source.file}` : 'the outbox database';
  }

  /** Reads, without waiting for writers. @throws {SqliteOutboxError} */
  read<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => work(this.#opened().statements));
  }

  /** Changes the file in one transaction: all of it or nothing. @throws {SqliteOutboxError} transient when it is in use */
  write<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => {
      const { statements, own } = this.#opened();
      const result = this.#transact(statements, work);
      own?.checkpoints.afterCommit();
      return result;
    });
  }

  /** Does it again as long as the file is in use by others. */
  patiently<Result>(work: () => Result): Promise<Result> {
    return retryTransient(async () => work(), isTransient);
  }

  close(): void {
    this.#isClosed = true;
    this.#letGo();
  }

  #opened(): Open {
    if (this.#isClosed) throw new SqliteOutboxError(`${this.name} was closed by close().`);
    this.#open ??= this.#connect();
    return this.#open;
  }

  #connect(): Open {
    const source = this.#source;
    if ('database' in source) return { statements: this.#prepare(source.database) };
    const database = openFile(source);
    try {
      const statements = this.#prepare(database);
      return { statements, own: { database, checkpoints: new Checkpoints(database, source.file) } };
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #prepare(database: SqliteDatabase): Statements {
    prepareSchema(database, this.name);
    return prepareStatements(database);
  }

  #explaining<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      const error = explain(cause, this.name);
      if (error.isBroken) this.#letGo();
      throw error;
    }
  }

  #transact<Result>(statements: Statements, work: (statements: Statements) => Result): Result {
    statements.begin.run();
    try {
      const result = work(statements);
      statements.commit.run();
      return result;
    } catch (error) {
      this.#rollBack(statements);
      throw error;
    }
  }

  #rollBack(statements: Statements): void {
    try {
      statements.rollback.run();
    } catch {
      // SQLite has done it by itself, as for a full disk.
    }
  }

  #letGo(): void {
    const own = this.#open?.own;
    this.#open = undefined;
    own?.checkpoints.close();
    try {
      own?.database.close();
    } catch {
      // It is broken; there is nothing in it that a close would save.
    }
  }
}

export function isTransient(error: unknown): boolean {
  return error instanceof SqliteOutboxError && error.isTransient;
}

function openFile({ file, Sqlite, synchronous }: Extract<Source, { readonly file: string }>): Database {
  // It may hold health data: nobody else on this machine reads it.
  ensurePrivateFile(file);
  const database = new Sqlite(file);
  try {
    // secure_delete: what was delivered does not stay readable in pages that are free.
    database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${synchronous};
      PRAGMA wal_autocheckpoint = ${LOG_PAGES};
      PRAGMA secure_delete = FAST;
      PRAGMA cache_size = -16384;
    `);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
