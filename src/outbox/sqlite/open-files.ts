import type { BigIntStats } from 'node:fs';
import type { FolderWatch } from './folder-watch.js';
import { isSame, look } from './look.js';

/** What happened to the files since they were opened. */
export type Displacement =
  /** Another database is at the path, or none. */
  | 'database'
  /** The database is the same, but what SQLite keeps next to it is gone or not what is open. */
  | 'log';

/**
 * The files of an open database: itself, its write-ahead log, and the index of the log, in which SQLite keeps the locks of all
 * processes. An open file keeps its inode, so no other file can have the same number meanwhile.
 */
export class OpenFiles {
  /** Where SQLite has opened the database: where the link leads to, if it was opened by one. */
  readonly target: string;
  readonly #path: string;
  readonly #folder: FolderWatch | undefined;
  readonly #database: BigIntStats | undefined;
  readonly #companions: readonly Companion[];
  /** The generation of the folder in which everything was last found in its place. */
  #inPlaceIn: number | undefined;

  /**
   * @param path what it was opened by, perhaps a link
   * @param target what SQLite made of that: the other files are next to the file that a link leads to
   * @param folder the folder of an own database; the log of the caller's comes and goes as the caller likes
   */
  constructor(path: string, target: string, folder?: FolderWatch) {
    this.#path = path;
    this.target = target;
    this.#folder = folder;
    this.#database = look(path);
    this.#companions = folder === undefined ? [] : companionsOf(target);
  }

  get hasLog(): boolean {
    return this.#companions.some(
      ({ name, stats }) => name === logOf(this.target) && stats !== undefined && stats.size > 0n,
    );
  }

  /** Whether all of them were there: what was deleted before this was made cannot be missed later. */
  get areComplete(): boolean {
    return this.#database !== undefined && this.#companions.every(({ stats }) => stats !== undefined);
  }

  /** How the files in their place differ from the open ones. */
  displacement(): Displacement | undefined {
    const generation = this.#folder?.look();
    if (generation !== undefined && generation === this.#inPlaceIn) return undefined;
    this.#inPlaceIn = undefined;
    if (!isSame(this.#database, look(this.#path))) return 'database';
    if (!areInPlace(this.#companions)) return 'log';
    this.#inPlaceIn = generation;
    return undefined;
  }

  /** Whether the database is where SQLite opened it, even though a link may lead elsewhere by now. */
  isAtTarget(): boolean {
    return isSame(this.#database, look(this.target));
  }

  /** The names of those of the log and its index that are still in their place. */
  companionsInPlace(): readonly string[] {
    return this.#companions.filter((one) => one.stats !== undefined && areInPlace([one])).map(({ name }) => name);
  }
}

/** The log of a database, or its index, as it was found. */
export interface Companion {
  readonly name: string;
  readonly stats: BigIntStats | undefined;
}

export function companionsOf(database: string): readonly Companion[] {
  return [logOf(database), `${database}-shm`].map((name) => ({ name, stats: look(name) }));
}

export function areInPlace(companions: readonly Companion[]): boolean {
  return companions.every(({ name, stats }) => isSame(stats, look(name)));
}

export const logOf = (database: string): string => `${database}-wal`;
