import { type BigIntStats, statSync } from 'node:fs';

export function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // For instance a folder that may no longer be entered: for this process nothing is there.
    return undefined;
  }
}

/** Whether both are the same file, or neither is there. */
export function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}
