/** What went wrong in the file, told to the one who is woken by it. Never holds an event's data. */
export class SqliteOutboxError extends Error {
  override readonly name = 'SqliteOutboxError';
  /** Whether the same may succeed a moment later: another process was writing. */
  readonly isTransient: boolean;
  /** Whether the file must be opened anew before anything else. */
  readonly isBroken: boolean;
  /** A transaction that failed was rolled back, except perhaps where the disk failed under its commit. */
  readonly storedNothing: boolean;

  constructor(
    message: string,
    { isTransient = false, isBroken = false, storedNothing = true, cause }: Partial<SqliteOutboxError> = {},
  ) {
    super(message, { cause });
    this.isTransient = isTransient;
    this.isBroken = isBroken;
    this.storedNothing = storedNothing;
  }
}

/** SQLite's result codes that mean something here. https://www.sqlite.org/rescode.html */
const CODES: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

const MEANINGS: Readonly<Record<string, (name: string) => string>> = {
  SQLITE_BUSY: (name) => `${name} is in use: another process holds it for long. See which one, or wait`,
  SQLITE_LOCKED: (name) => `${name} is in use by this process itself: end the transaction that is open on it`,
  SQLITE_READONLY: (name) => `${name} cannot be written: give this process the right to write it and its folder`,
  SQLITE_IOERR: (name) => `${name} could not be read or written: look at the disk`,
  SQLITE_CORRUPT: (name) => `${name} is damaged: stop what uses it, move it away and try sqlite3's .recover on it`,
  SQLITE_FULL: (name) => `the disk of ${name} is full: make room there`,
  SQLITE_CANTOPEN: (name) => `${name} cannot be opened: check that its folder is there and this process may write it`,
  SQLITE_NOTADB: (name) => `${name} is not an SQLite database: move it away, or name another file`,
};

/** Puts what a driver threw into words. */
export function explain(error: unknown, name: string): SqliteOutboxError {
  if (error instanceof SqliteOutboxError) return error;
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (/within a transaction/.test(message)) {
    return new SqliteOutboxError(MEANINGS.SQLITE_LOCKED!(name), { isTransient: true, cause: error });
  }
  const isTransient = code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED';
  const meaning = MEANINGS[code ?? '']?.(name) ?? `${name} failed: ${message}`;
  return new SqliteOutboxError(`${meaning}${code === undefined ? '' : ` (${code})`}.`, {
    isTransient,
    isBroken: !isTransient && code !== 'SQLITE_FULL',
    storedNothing: code !== undefined && code !== 'SQLITE_IOERR',
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
  if (['ENOENT', 'EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'EROFS'].includes(code)) {
    return code === 'EROFS' ? 'SQLITE_READONLY' : 'SQLITE_CANTOPEN';
  }
  if (code === 'ENOSPC') return 'SQLITE_FULL';
  return Object.values(CODES).find((known) => code.startsWith(known));
}
