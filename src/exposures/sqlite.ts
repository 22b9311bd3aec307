import { resolve } from 'node:path';
import type { Exposures } from '../assignment/exposure-store.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { retryTransient } from '../outbox/durable/retry-transient.js';
import { explain } from '../outbox/sqlite/sqlite-error.js';
import type { SqliteDatabase } from '../sqlite/database.js';
import { loadSqlite } from '../sqlite/load-sqlite.js';
import { type Source, SqliteTable, type Statements } from './sqlite-table.js';
import { createSweep } from './sweeping.js';

export type { Exposures } from '../assignment/exposure-store.js';
export type { SqliteDatabase } from '../sqlite/database.js';

export interface SqliteExposuresOptions {
  /**
   * The file, created if it does not exist and readable by its owner only. Not the outbox's file. Its folder must exist, on a
   * local disk.
   */
  readonly file?: string | undefined;
  /** Instead of a file: an open database, which you configure and close. */
  readonly database?: SqliteDatabase | undefined;
  /** Milliseconds since the epoch, for tests. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const OPTIONS = fieldNames<SqliteExposuresOptions>({ file: 1, database: 1, now: 1 });

/** A store of exposures in an SQLite file. */
export interface SqliteExposures extends Required<Exposures> {
  /** Closes the file; the next call opens it again. A database that was passed in stays open. */
  close(): void;
}

/**
 * A store of exposures in an SQLite file that the processes of one machine share.
 *
 * @example
 * const ours = createClient({ token, experimentToken, exposures: createSqliteExposures({ file: 'exposures.db' }) });
 *
 * @throws {OursError} `invalid_option` if it is misconfigured, or no SQLite is found
 */
export function createSqliteExposures(options: SqliteExposuresOptions): SqliteExposures {
  checkOptionNames('createSqliteExposures', options, OPTIONS);
  const { now = Date.now } = options ?? {};
  const source = toSource(options ?? {});
  const name = 'file' in source ? `the file of exposures ${source.file}` : 'the database of exposures';
  const table = new SqliteTable(source);

  /** Runs in the current turn of the event loop if the file is free. */
  async function run<Result>(work: (statements: Statements, nowMs: number) => Result): Promise<Result> {
    const attempt = async (): Promise<Result> => {
      try {
        return table.use((statements) => work(statements, Math.trunc(now())));
      } catch (error) {
        const explained = explain(error, name);
        if (explained.isBroken) table.close();
        throw explained;
      }
    };
    // Other processes may be writing. The caller's timeout bounds the wait for the page.
    return retryTransient(attempt);
  }

  const sweep = createSweep(() => run((statements, nowMs) => statements.sweep.run(nowMs)));

  return {
    async claim(key, ttlMs) {
      const { changes } = await run(({ claim }, nowMs) => claim.run(key, nowMs + ttlMs, nowMs));
      sweep();
      return Number(changes) > 0;
    },
    remember: (key, value, ttlMs) => run(({ remember }, nowMs) => remember.run(key, value, nowMs + ttlMs)),
    async recall(key) {
      const [row] = await run(({ recall }, nowMs) => recall.all(key, nowMs));
      return (row as { readonly value: string } | undefined)?.value;
    },
    forget: (visitor, dryRun) =>
      run(({ count, forget }) => {
        const [row] = count.all(visitor) as [{ readonly count: number }];
        if (!dryRun) forget.run(visitor);
        return Number(row.count);
      }),
    close: () => table.close(),
  };
}

function toSource({ file, database }: SqliteExposuresOptions): Source {
  if ((file === undefined) === (database === undefined))
    fail('pass either file (a path) or database (an open database).');
  if (database !== undefined) {
    if (typeof database?.prepare !== 'function' || typeof database.exec !== 'function') {
      fail('database must be an open database of better-sqlite3, libsql or node:sqlite.');
    }
    return { database };
  }
  if (typeof file !== 'string' || file === '' || file === ':memory:') fail('file must be the path of a file.');
  // Absolute, so that reopening finds the same file after process.chdir().
  return { file: resolve(file), Sqlite: loadSqlite() };
}

function fail(message: string): never {
  failOption(`createSqliteExposures: ${message}`);
}
