import { chmodSync, closeSync, lstatSync, openSync, type Stats, statSync } from 'node:fs';

/** Files that SQLite keeps next to a database. New ones get the database's permissions, existing ones keep theirs. */
const COMPANIONS = ['-wal', '-shm'];

const OWNER_ONLY = 0o600;
const GROUP_WRITES = 0o020;

/**
 * Ensures that a file for private data exists and that only its owner may read it. An existing file loses the permissions of
 * others; it keeps its group's if the group may write, which is how users share a file.
 *
 * A link created by another user is not followed, because that user chose its target.
 *
 * @returns a warning if others could read the file, or still can
 * @throws the file system's error, or one for such a link
 */
export function ensurePrivateFile(path: string): string | undefined {
  try {
    // Exclusive: fails for a link as well, also for one that leads nowhere.
    closeSync(openSync(path, 'wx', OWNER_ONLY));
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const stats = lstatSync(path);
  if (stats.isSymbolicLink() && !isTrusted(stats)) {
    throw new Error(
      `${path} is a link created by another user, so it is not followed: name its target, or create the link yourself.`,
    );
  }
  // SQLite would create the target of a dangling link with the umask's permissions. An existing file must not even be opened:
  // closing it would release the locks that SQLite holds on it in this process.
  if (stats.isSymbolicLink() && statSync(path, { throwIfNoEntry: false }) === undefined) {
    closeSync(openSync(path, 'a', OWNER_ONLY));
  }
  const [warning] = ['', ...COMPANIONS].map((suffix) => restrict(path + suffix, suffix === ''));
  return warning;
}

/** Whether this user or root created it. */
function isTrusted({ uid }: Stats): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** @param mayBeLink whether to follow a link: SQLite never creates a log as a link */
function restrict(path: string, mayBeLink: boolean): string | undefined {
  const stats = (mayBeLink ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return undefined;
  const others = stats.mode & GROUP_WRITES ? 0o007 : 0o077;
  if ((stats.mode & others) === 0) return undefined;
  const mode = (stats.mode & 0o777).toString(8);
  // The owner decided to share it, and chmod would fail.
  if (stats.uid !== process.getuid?.()) {
    return `${path} belongs to another user and has mode ${mode}: others can read the events in it. Have its owner run chmod 600, or 660 to share it with a group.`;
  }
  chmodSync(path, stats.mode & 0o777 & ~others);
  return stats.size === 0
    ? undefined
    : `${path} had mode ${mode}: others could read the events in it. Now only its owner can.`;
}
