import { OursError } from '../../core/errors.js';
import { diagnose } from '../durable/errors/diagnose.js';

/** What went wrong in the file, told to the one who is woken by it. Never holds an event's data. */
export class SqliteOutboxError extends OursError {
  /** Whether the same may succeed a moment later: another process was writing, the disk was full. */
  readonly isTransient: boolean;
  /** Whether the file must be opened anew before anything else. */
  readonly isBroken: boolean;
  /** A transaction that failed was rolled back, except perhaps where the disk failed under its commit. */
  readonly storedNothing: boolean;

  constructor(
    message: string,
    {
      isTransient = false,
      isBroken = false,
      storedNothing = true,
      engineCode,
      cause,
    }: Partial<Pick<SqliteOutboxError, 'isTransient' | 'isBroken' | 'storedNothing' | 'engineCode' | 'cause'>> = {},
  ) {
    super('store_failed', message, { cause, engineCode });
    this.isTransient = isTransient;
    this.isBroken = isBroken;
    this.storedNothing = storedNothing;
  }
}

export function isTransient(error: unknown): boolean {
  return error instanceof SqliteOutboxError && error.isTransient;
}

/** SQLite's result codes that mean something here. https://www.sqlite.org/rescode.html */
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

/** After these the open file is as good as before; after anything else it is opened anew. */
const STILL_GOOD: ReadonlySet<string | undefined> = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_NOMEM',
  'SQLITE_INTERRUPT',
  'SQLITE_FULL',
  'SQLITE_PROTOCOL',
]);

/** Puts what a driver threw into words. */
export function explain(error: unknown, name: string): SqliteOutboxError {
  if (error instanceof SqliteOutboxError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const { advice, isTransient } = diagnose({ name: (error as Error | null)?.name, code, message }, 'sqlite', name);
  return new SqliteOutboxError(`${advice}${code === undefined ? '' : ` (${code})`}.`, {
    isTransient,
    engineCode: code,
    storedNothing: code !== undefined && code !== 'SQLITE_IOERR',
    // A transaction that its owner has open is no fault of the file.
    isBroken: !STILL_GOOD.has(code) && !(isTransient && code === undefined),
    cause: error,
  });
}

/** `better-sqlite3` and `libsql` give it by name, some with a tail; `node:sqlite` as a number with more in the high bits. */
function codeOf(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  if (typeof errcode === 'number') return CODES[errcode & 0xff];
  // `libsql`, where it cannot even open the file: ConnectionFailed("Unable to open … : 14")
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/.exec(error instanceof Error ? error.message : '');
  if (opening !== null) return CODES[Number(opening[1]) & 0xff];
  if (typeof code !== 'string') return undefined;
  // The file system's own errors, met before SQLite opens the file.
  if (/^(ENOENT|EACCES|EPERM|EISDIR|ENOTDIR)$/.test(code)) return 'SQLITE_CANTOPEN';
  if (code === 'EROFS') return 'SQLITE_READONLY';
  if (/^(ENOSPC|EDQUOT)$/.test(code)) return 'SQLITE_FULL';
  return Object.values(CODES).find((known) => code.startsWith(known)) ?? (/^E[A-Z]+$/.test(code) ? code : undefined);
}
