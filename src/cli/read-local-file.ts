import { messageOf } from './command.js';

/** Reads a file by `read`, whose error then names the file. */
export function readLocalFile<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
