import { type BigIntStats, statSync } from 'node:fs';

export function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // For example a folder without permission: for this process the file does not exist.
    return undefined;
  }
}

/** Whether both are the same file, or neither exists. */
export function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
