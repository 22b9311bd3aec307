import { resolve } from 'node:path';
import { checkOptionNames, failOption, readLimit } from '../../core/check-option.js';
import type { SecretKey } from '../../core/secret-key.js';
import { fieldNames } from '../../core/unknown-names.js';
import type { SqliteDatabase } from '../../sqlite/database.js';
import { loadSqlite } from '../../sqlite/load-sqlite.js';
import { enableSharedTracker } from '../../tracking/create-shared-tracker.js';
import { EntryCodec } from '../durable/entry-codec.js';
import type { DurableOutbox } from '../outbox.js';
import type { Source } from './connection.js';
import { SqliteFile } from './file.js';
import { machineClock } from './machine-clock.js';
import { SqliteOutbox } from './outbox.js';

export interface SqliteOutboxOptions {
  /**
   * The file, created if it does not exist and readable by its owner only. Its folder must exist, on a local disk. Next to it are
   * SQLite's `-wal` and `-shm`, and `-reserve`, up to 8 MB that allow delivery when the disk is full. If your code opens the same
   * file in this process with another library than Node's own SQLite, pass `database`: the two would not see each other's locks.
   */
  readonly file?: string | undefined;
  /** Instead of a file: an open database, which you configure, watch and close. */
  readonly database?: SqliteDatabase | undefined;
  /** Keys that seal stored events. The first key seals, all keys open. @default nothing is sealed */
  readonly sealingKeys?: readonly SecretKey[] | undefined;
  /** Whether unsealed entries are delivered although there are keys, while you introduce sealing. @default false */
  readonly acceptUnsealed?: boolean | undefined;
  /** Maximum entries; when full, new ones are dropped. @default limited by the disk */
  readonly maxQueueSize?: number | undefined;
  /** Maximum UTF-8 bytes; when full, new ones are dropped. @default limited by the disk */
  readonly maxQueueBytes?: number | undefined;
  /**
   * What a stored event survives: `normal` the end of the process, `full` also a power cut, at the cost of one disk sync per
   * commit. For a file only.
   * @default 'normal'
   */
  readonly synchronous?: 'normal' | 'full' | undefined;
  /**
   * A clock for tests, in milliseconds since the epoch; leases and delays use it too.
   * @default Date.now, and the machine's uptime for leases and delays
   */
  readonly now?: (() => number) | undefined;
}

const OPTIONS = fieldNames<SqliteOutboxOptions>({
  file: 1,
  database: 1,
  sealingKeys: 1,
  acceptUnsealed: 1,
  maxQueueSize: 1,
  maxQueueBytes: 1,
  synchronous: 1,
  now: 1,
});

/**
 * An outbox in an SQLite file that any number of processes of one machine may share.
 *
 * Problems of the file, such as a full disk, reject the calls that meet them and are never thrown here: a broken outbox must not
 * keep a server from starting.
 *
 * @example
 * const ours = createClient({ token, outbox: createSqliteOutbox({ file: 'events.db' }) });
 *
 * @throws {OursError} `invalid_option` if it is misconfigured, or no SQLite is found
 */
export function createSqliteOutbox(options: SqliteOutboxOptions): DurableOutbox {
  checkOptionNames('createSqliteOutbox', options, OPTIONS);
  enableSharedTracker();
  const { maxQueueSize, maxQueueBytes, now } = options ?? {};
  return new SqliteOutbox({
    file: new SqliteFile(toSource(options ?? {})),
    codec: new EntryCodec(options),
    maxQueueSize: readLimit('maxQueueSize', maxQueueSize),
    maxQueueBytes: readLimit('maxQueueBytes', maxQueueBytes),
    now: now ?? Date.now,
    machineClock: now ?? machineClock,
  });
}

function toSource({ file, database, synchronous = 'normal' }: SqliteOutboxOptions): Source {
  if ((file === undefined) === (database === undefined))
    fail('pass either file (a path) or database (an open database).');
  if (synchronous !== 'normal' && synchronous !== 'full') fail("synchronous must be 'normal' or 'full'.");
  if (database !== undefined) {
    if (typeof database?.prepare !== 'function' || typeof database.exec !== 'function') {
      fail('database must be an open database of better-sqlite3, libsql or node:sqlite.');
    }
    return { database };
  }
  if (typeof file !== 'string' || file === '' || file === ':memory:') fail('file must be the path of a file.');
  // Absolute, so that reopening finds the same file after process.chdir().
  return { file: resolve(file), Sqlite: loadSqlite(), synchronous };
}

function fail(message: string): never {
  failOption(`createSqliteOutbox: ${message}`);
}

export type { SecretKey as SealingKey } from '../../core/secret-key.js';
export type { SqliteDatabase } from '../../sqlite/database.js';
export type { DeadLetter, DeadLetters, DurableOutbox } from '../outbox.js';
