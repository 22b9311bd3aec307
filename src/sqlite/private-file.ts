import { chmodSync, closeSync, lstatSync, openSync, statSync } from 'node:fs';

/** What SQLite puts next to a database. It gives a new one the rights of the database, and leaves the rights of an old one. */
const COMPANIONS = ['-wal', '-shm'];

const OWNER_ONLY = 0o600;
const GROUP_WRITES = 0o020;

/**
 * Makes sure that a file for private data exists and that only its owner may read it. An existing file loses the rights of
 * everyone else; it keeps those of its group if that may write, which is how users share one.
 *
 * @throws the file system's error
 */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', OWNER_ONLY));
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  // SQLite would create the target of a dangling link with the rights that the umask leaves. An existing file must not even be
  // opened: closing it would end the locks that SQLite holds on it in this process.
  if (statSync(path, { throwIfNoEntry: false }) === undefined && lstatSync(path).isSymbolicLink()) {
    closeSync(openSync(path, 'a', OWNER_ONLY));
  }
  for (const one of ['', ...COMPANIONS]) restrict(path + one);
}

function restrict(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return;
  const others = stats.mode & GROUP_WRITES ? 0o007 : 0o077;
  // Another user's file is shared by its owner's decision, and chmod would fail.
  if ((stats.mode & others) !== 0 && stats.uid === process.getuid?.()) chmodSync(path, stats.mode & 0o777 & ~others);
}
