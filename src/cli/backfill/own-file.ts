import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
const OWNER_ONLY = 0o600;

/** Makes a file in the place of whatever is there. A link is replaced, and what it leads to stays as it is. */
export async function createOwnFile(path: string): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
}

/**
 * Opens a file to write at its end, and makes it where there is none.
 * @throws {Error} for a link: whoever may write to the folder chose where it leads
 */
export async function appendToOwnFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new Error(`${path} is a link, and a backfill writes to no link: remove it.`, { cause: error });
  }
}
