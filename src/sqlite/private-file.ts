import { closeSync, openSync } from 'node:fs';

/**
 * Makes an empty file that only its owner may read, unless there is one. SQLite gives the files it puts beside a database the
 * same rights.
 */
export function ensurePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    // One that is there must not even be opened: closing it would end the locks that SQLite has on it in this process.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
