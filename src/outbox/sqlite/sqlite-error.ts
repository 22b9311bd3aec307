import { diagnose } from '../durable/errors/diagnose.js';
import { StoreError, type StoreErrorOptions } from '../durable/store-error.js';

/** An error of the outbox's file. A failed transaction was rolled back, except perhaps if the disk failed during its commit. */
export class SqliteError extends StoreError {
  /** Whether the file must be reopened before any other call. */
  readonly isBroken: boolean;

  constructor(message: string, options: StoreErrorOptions & { readonly isBroken?: boolean | undefined } = {}) {
    super(message, { storedNothing: true, ...options });
    this.isBroken = options.isBroken ?? false;
  }
}

/** The SQLite result codes that are told apart here. https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  9: 'SQLITE_INTERRUPT',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  26: 'SQLITE_NOTADB',
};

/** After these errors the open file is still usable; after any other it is reopened. */
const STILL_GOOD: ReadonlySet<string | undefined> = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_NOMEM',
  'SQLITE_INTERRUPT',
  'SQLITE_FULL',
  'SQLITE_PROTOCOL',
]);

/** Explains what a driver threw. */
export function explain(error: unknown, name: string): SqliteError {
  if (error instanceof SqliteError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const { advice, isTransient } = diagnose({ name: (error as Error | null)?.name, code, message }, 'sqlite', name);
  return new SqliteError(`${advice}${code === undefined ? '' : ` (${code})`}.`, {
    isTransient,
    engineCode: code,
    storedNothing: code !== undefined && code !== 'SQLITE_IOERR',
    // A transaction that the owner has open does not break the file.
    isBroken: !STILL_GOOD.has(code) && !(isTransient && code === undefined),
    cause: error,
  });
}

/** `better-sqlite3` and `libsql` give a name, some with a suffix; `node:sqlite` a number with more in the high bits. */
function codeOf(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof errcode === 'number') return CODES[errcode & 0xff];
  // `libsql`, when it cannot open the file: ConnectionFailed("Unable to open … : 14")
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error instanceof Error ? error.message : '');
  if (opening !== null) return CODES[Number(opening[1]) & 0xff];
  if (typeof code !== 'string') return undefined;
  // File system errors, thrown before SQLite opens the file. The last one is that of Node's permission model.
  if (/^(ENOENT|EACCES|EPERM|EISDIR|ENOTDIR|ERR_ACCESS_DENIED)$/.test(code)) return 'SQLITE_CANTOPEN';
  if (code === 'EROFS') return 'SQLITE_READONLY';
  if (/^(ENOSPC|EDQUOT)$/.test(code)) return 'SQLITE_FULL';
  return Object.values(CODES).find((known) => code.startsWith(known)) ?? (/^E[A-Z]+$/.test(code) ? code : undefined);
}
