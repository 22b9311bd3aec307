import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

const { O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_NOFOLLOW } = constants;
const OWNER_ONLY = 0o600;

/** Creates a file, replacing an existing one. A symbolic link is replaced, and its target stays unchanged. */
export async function createOwnFile(path: string): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, OWNER_ONLY);
}

/**
 * Opens a file for appending, and creates it if it does not exist.
 * @throws {Error} for a symbolic link: anyone with write access to the folder could have chosen its target
 */
export async function appendToOwnFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw new Error(`${path} is a symbolic link, which a backfill never writes to: remove it.`, { cause: error });
  }
}
