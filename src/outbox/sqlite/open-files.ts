import type { BigIntStats } from 'node:fs';
import type { FolderWatch } from './folder-watch.js';
import { isSame, look } from './look.js';

/** How the files at the path differ from the open ones. */
export type Displacement =
  /** Another database, or none, is at the path. */
  | 'database'
  /** The database is the same, but its log or index was deleted or replaced. */
  | 'log';

/**
 * The files of an open database: the database, its write-ahead log, and the log's index, which holds the locks of all processes. An
 * open file keeps its inode, so no other file can get the same number meanwhile.
 */
export class OpenFiles {
  /** The path that SQLite opened, with links resolved. */
  readonly target: string;
  readonly #path: string;
  readonly #folder: FolderWatch | undefined;
  readonly #database: BigIntStats | undefined;
  readonly #companions: readonly Companion[];
  /** The folder generation in which everything was last found in place. */
  #inPlaceIn: number | undefined;

  /**
   * @param path the given path, perhaps a link
   * @param target the resolved path: the log and index are next to it
   * @param folder for a database the outbox opened; the caller manages the log of its own database
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

  /** Whether all files existed: one deleted before this object was created cannot be missed later. */
  get areComplete(): boolean {
    return this.#database !== undefined && this.#companions.every(({ stats }) => stats !== undefined);
  }

  /** How the files at the path differ from the open ones; `undefined` if they do not. */
  displacement(): Displacement | undefined {
    const generation = this.#folder?.look();
    if (generation !== undefined && generation === this.#inPlaceIn) return undefined;
    this.#inPlaceIn = undefined;
    if (!isSame(this.#database, look(this.#path))) return 'database';
    if (!areInPlace(this.#companions)) return 'log';
    this.#inPlaceIn = generation;
    return undefined;
  }

  /** Whether the database is still where SQLite opened it, wherever a link leads by now. */
  isAtTarget(): boolean {
    return isSame(this.#database, look(this.target));
  }

  /** The names of the log and index that are still in place. */
  companionsInPlace(): readonly string[] {
    return this.#companions.filter((one) => one.stats !== undefined && areInPlace([one])).map(({ name }) => name);
  }
}

/** A database's log or index, as found when opened. */
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
