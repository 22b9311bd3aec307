import { chmodSync, closeSync, lstatSync, openSync, type Stats, statSync } from 'node:fs';

/** What SQLite puts next to a database. It gives a new one the rights of the database, and leaves the rights of an old one. */
const COMPANIONS = ['-wal', '-shm'];

const OWNER_ONLY = 0o600;
const GROUP_WRITES = 0o020;

/**
 * Makes sure that a file for private data exists and that only its owner may read it. An existing file loses the rights of
 * everyone else; it keeps those of its group if that may write, which is how users share one.
 *
 * A link that another user has put there is not followed: its target is that user's choice.
 *
 * @returns what to warn of: that others could read what the file holds, or still can
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
      `${path} is a link that another user has made, so it is not followed: name the file it should lead to, or make the link yourself.`,
    );
  }
  // SQLite would create the target of a dangling link with the rights that the umask leaves. An existing file must not even be
  // opened: closing it would end the locks that SQLite holds on it in this process.
  if (stats.isSymbolicLink() && statSync(path, { throwIfNoEntry: false }) === undefined) {
    closeSync(openSync(path, 'a', OWNER_ONLY));
  }
  const [warning] = ['', ...COMPANIONS].map((suffix) => restrict(path + suffix, suffix === ''));
  return warning;
}

/** Whether this user made it, or the one who may do everything. */
function isTrusted({ uid }: Stats): boolean {
  return uid === 0 || uid === process.getuid?.();
}

/** @param mayBeLink whether a link is followed: a log that SQLite makes is none */
function restrict(path: string, mayBeLink: boolean): string | undefined {
  const stats = (mayBeLink ? statSync : lstatSync)(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile()) return undefined;
  const others = stats.mode & GROUP_WRITES ? 0o007 : 0o077;
  if ((stats.mode & others) === 0) return undefined;
  const mode = (stats.mode & 0o777).toString(8);
  // Another user's file is shared by its owner's decision, and chmod would fail.
  if (stats.uid !== process.getuid?.()) {
    return `${path} belongs to another user and has mode ${mode}: others can read the events in it. Have its owner run chmod 600, or 660 to share it with a group.`;
  }
  chmodSync(path, stats.mode & 0o777 & ~others);
  return stats.size === 0
    ? undefined
    : `${path} had mode ${mode}: others could read the events in it. It is its owner's only from now on.`;
}
