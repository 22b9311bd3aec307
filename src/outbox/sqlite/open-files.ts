import { type BigIntStats, statSync } from 'node:fs';

/** What happened to the files since they were opened. */
export type Displacement =
  /** Another database is at the path, or none. */
  | 'database'
  /** The database is the same, but what SQLite keeps next to it is gone or not what is open. */
  | 'log';

interface Companion {
  readonly name: string;
  /** Whether it is the one that is open. */
  readonly isOurs: boolean;
  /** Whether another one has its name. */
  readonly isOthers: boolean;
}

/**
 * The files of an open database: itself, its write-ahead log, and the index of the log, in which SQLite keeps the locks of all
 * processes. An open file keeps its inode, so no other file can have the same number meanwhile.
 */
export class OpenFiles {
  /** Where SQLite has opened the database: where the link leads to, if it was opened by one. */
  readonly target: string;
  readonly #path: string;
  readonly #database: BigIntStats | undefined;
  readonly #log: BigIntStats | undefined;
  readonly #index: BigIntStats | undefined;

  /**
   * @param path what it was opened by, perhaps a link
   * @param target what SQLite made of that: the other files are next to the file that a link leads to
   */
  constructor(path: string, target: string) {
    this.#path = path;
    this.target = target;
    this.#database = look(path);
    this.#log = look(logOf(target));
    this.#index = look(indexOf(target));
  }

  get hasLog(): boolean {
    return (this.#log?.size ?? 0n) > 0n;
  }

  /** How the files in their place differ from the open ones. */
  displacement(): Displacement | undefined {
    if (!isSame(this.#database, look(this.#path))) return 'database';
    if (!isSame(this.#log, look(logOf(this.target))) || !isSame(this.#index, look(indexOf(this.target)))) return 'log';
    return undefined;
  }

  /** Whether the database is where SQLite opened it, even though a link may lead elsewhere by now. */
  isAtTarget(): boolean {
    return isSame(this.#database, look(this.target));
  }

  /** What has the names of the log and its index now. */
  companions(): readonly Companion[] {
    return [toCompanion(logOf(this.target), this.#log), toCompanion(indexOf(this.target), this.#index)];
  }
}

export function isSame(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one?.ino === other?.ino && one?.dev === other?.dev;
}

export function look(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // For instance a folder that may no longer be entered: for this process nothing is there.
    return undefined;
  }
}

export const logOf = (database: string): string => `${database}-wal`;
const indexOf = (database: string): string => `${database}-shm`;

function toCompanion(name: string, open: BigIntStats | undefined): Companion {
  const found = look(name);
  const isOurs = isSame(open, found);
  return { name, isOurs: found !== undefined && isOurs, isOthers: found !== undefined && !isOurs };
}
