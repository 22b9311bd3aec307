import { randomUUID } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { attempt, close, closeDisplaced, connect, type FileSource, type OwnConnection } from './connection.js';
import { moveEntries } from './move-entries.js';
import { SqliteOutboxError } from './sqlite-error.js';

/**
 * Moves what a displaced database holds to the one that is at the path now, or to a new one.
 *
 * @returns the connection to that one, and how many events were moved
 * @throws the driver's or the file system's error; then the displaced one still holds everything and stays open
 */
export function moveToPath(
  old: OwnConnection,
  source: FileSource,
  name: string,
): { fresh: OwnConnection; count: number } {
  // Where the old file is kept elsewhere, it is whole without its log.
  old.own.checkpoints.copyAndCut();
  let fresh: OwnConnection | undefined;
  let count: number;
  try {
    count = moveEntries(old.statements, () => {
      if (!old.files.isAtTarget()) removeCompanions(old);
      fresh = connect(source, name) as OwnConnection;
      return fresh.statements;
    });
  } catch (error) {
    if (fresh !== undefined) close(fresh);
    throw error;
  }
  closeDisplaced(old);
  return { fresh: fresh!, count };
}

/**
 * Puts a new file in the place of a database whose log or index was deleted. The log holds what was committed last, and its
 * index the locks: without them a process that opens the file sees neither.
 *
 * Every other process that has the old file open finds another one at the path then, and moves what it holds there. That is
 * also why nothing is lost where one of them has begun a second log in spite of the rule for opening.
 *
 * @throws as {@link moveToPath} does
 */
export function replaceFile(old: OwnConnection, source: FileSource, name: string): void {
  const file = `${old.files.target}.${randomUUID()}`;
  let copy: OwnConnection | undefined;
  try {
    const openCopy = () => {
      // Only the process that holds the lock of the old file puts another in its place.
      if (!old.files.isAtTarget()) throw new SqliteOutboxError('another process was faster.', { isTransient: true });
      copy = connect({ ...source, file }, name) as OwnConnection;
      return copy.statements;
    };
    moveEntries(old.statements, openCopy, () => {
      copy!.own.checkpoints.copyAndCut();
      // Without a log it is whole under any name.
      copy!.own.database.exec('PRAGMA journal_mode = DELETE');
      close(copy!);
      removeCompanions(old);
      renameSync(file, old.files.target);
    });
  } catch (error) {
    if (copy !== undefined) close(copy);
    attempt(() => unlinkSync(file));
    throw error;
  }
  closeDisplaced(old);
}

/** SQLite would take the log of a file that is gone for the new one's, and copy it there. */
function removeCompanions({ files }: OwnConnection): void {
  for (const name of files.companionsInPlace()) attempt(() => unlinkSync(name));
}
