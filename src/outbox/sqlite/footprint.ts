import { type BigIntStats, statSync } from 'node:fs';

/** The three files an open SQLite database consists of, as they are at its path now. */
export interface Footprint {
  readonly database: BigIntStats | undefined;
  /** The write-ahead log. */
  readonly log: BigIntStats | undefined;
  /** The shared index of the log, in which SQLite keeps the locks of all processes. */
  readonly index: BigIntStats | undefined;
}

/** What happened to the files since they were opened. */
export type Displacement =
  /** Another database is at the path, or none. */
  | 'database'
  /** The database is the same, but what SQLite keeps next to it is gone or not what is open. */
  | 'log';

export function readFootprint(file: string): Footprint {
  return { database: look(file), log: look(`${file}-wal`), index: look(`${file}-shm`) };
}

export function compareFootprints(before: Footprint, now: Footprint): Displacement | undefined {
  if (!isSame(before.database, now.database)) return 'database';
  if (!isSame(before.log, now.log) || !isSame(before.index, now.index)) return 'log';
  return undefined;
}

/** An open file keeps its inode, so no other file can have the same number meanwhile. */
export function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // For instance a folder that may no longer be entered: for this process nothing is there.
    return undefined;
  }
}
