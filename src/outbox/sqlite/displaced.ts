import { randomUUID } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { attempt, close, closeDisplaced, connect, type FileSource, type OwnConnection } from './connection.js';
import { moveEntries } from './move-entries.js';
import { SqliteError } from './sqlite-error.js';

/**
 * Moves the contents of a displaced database to the one at the path, or to a new one.
 *
 * @returns the connection to it, and how many events were moved
 * @throws the driver's or the file system's error; the displaced database then still holds everything and stays open
 */
export function moveToPath(
  old: OwnConnection,
  source: FileSource,
  name: string,
): { fresh: OwnConnection; count: number } {
  // If the old file was moved away, it must be complete without its log.
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
 * Replaces a database whose log or index was deleted. The log holds the latest commits and the index the locks: a process that
 * opens the file without them sees neither.
 *
 * Every other process with the old file open then finds another file at the path and moves its contents there. So nothing is lost
 * even if one of them has started a second log despite the rule for opening.
 *
 * @throws as {@link moveToPath} does
 */
export function replaceFile(old: OwnConnection, source: FileSource, name: string): void {
  const file = `${old.files.target}.${randomUUID()}`;
  let copy: OwnConnection | undefined;
  try {
    const openCopy = () => {
      // Only the process that holds the old file's lock replaces it.
      if (!old.files.isAtTarget())
        throw new SqliteError('another process has already replaced it.', { isTransient: true });
      copy = connect({ ...source, file }, name) as OwnConnection;
      return copy.statements;
    };
    moveEntries(old.statements, openCopy, () => {
      copy!.own.checkpoints.copyAndCut();
      // Without a log it is complete under any name.
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

/** Otherwise SQLite would copy the old file's log into the new file. */
function removeCompanions({ files }: OwnConnection): void {
  for (const name of files.companionsInPlace()) attempt(() => unlinkSync(name));
}
