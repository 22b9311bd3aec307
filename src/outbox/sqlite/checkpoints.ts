import { open } from 'node:fs/promises';
import { later } from '../../core/timers.js';
import type { Database, Statement } from '../../sqlite/database.js';
import { logOf } from './open-files.js';

/** How long the bytes of a deleted event may stay in the log. Also the pause after a reader was in the way. */
const INTERVAL_MS = 1_000;
/** The fewest and the most rows that are thought to fill the log. */
const MIN_ROWS = 50;
const MAX_ROWS = 20_000;

/**
 * Copies the write-ahead log into the database: before SQLite does so in the middle of a commit, and soon after events were
 * deleted, which stay readable in the log until it is cut to nothing. Most of the time goes into getting the log onto the disk,
 * which is done off the event loop first.
 *
 * SQLite tells how long the log is only when it copies it; in between it is judged by the rows that were changed.
 */
export class Checkpoints {
  readonly #log: string;
  readonly #maxPages: number;
  readonly #copy: Statement;
  readonly #copyAndCut: Statement;
  readonly #changes: Statement;
  #rowsSoFar = 0;
  #rowsAtLast = 0;
  #rowsUntilNext: number;
  #copying: Promise<void> | undefined;
  #erasing: Promise<void> | undefined;
  /** Cancels what is due next. */
  #cancel: (() => void) | undefined;
  /** Whether the log may hold what was deleted. */
  #holdsDeleted = false;
  #isResting = false;
  #isClosed = false;

  /** @param maxPages the length of the log, about, from which on it is copied */
  constructor(database: Database, file: string, maxPages: number) {
    this.#log = logOf(file);
    this.#maxPages = maxPages;
    this.#rowsUntilNext = Math.max(MIN_ROWS, maxPages);
    this.#copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#copyAndCut = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#changes = database.prepare('SELECT total_changes() AS rows');
  }

  /** To be called after each commit: an idle process leaves nothing in the log that could be lost with it. @throws the driver's error */
  afterCommit(): void {
    this.#runSoon();
    this.#rowsSoFar = (this.#changes.get() as { readonly rows: number }).rows;
    if (this.#rowsSoFar - this.#rowsAtLast >= this.#rowsUntilNext) {
      this.#copyNow();
    }
  }

  /** What was deleted leaves the log within a second, or as soon after that as no reader needs it. */
  eraseSoon(): void {
    this.#holdsDeleted = true;
    this.#runSoon();
  }

  /** The same at once, or soon where that was done less than a second ago. Never rejects. */
  async eraseOnceASecond(): Promise<void> {
    if (this.#isResting) return this.eraseSoon();
    this.#isResting = true;
    later(INTERVAL_MS, () => {
      this.#isResting = false;
    });
    await this.eraseNow();
  }

  /** The same at once. Never rejects. */
  eraseNow(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#erasing ??= this.#toDisk().then(() => {
      // What is deleted from now on needs another one.
      this.#erasing = undefined;
      if (this.#isClosed) return;
      this.#holdsDeleted = false;
      if (!this.copyAndCut()) this.eraseSoon();
    });
    return this.#erasing;
  }

  /** Copies the log without getting it onto the disk first. Tells whether all of it was copied. */
  copyAndCut(): boolean {
    return this.#run(this.#copyAndCut);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #runSoon(): void {
    if (this.#isClosed) return;
    this.#cancel ??= later(INTERVAL_MS, () => {
      this.#cancel = undefined;
      if (this.#holdsDeleted) void this.eraseNow();
      else this.#copyNow();
    });
  }

  /** Leaves the log as long as it is: writing over it costs less than making it grow again. */
  #copyNow(): void {
    this.#copying ??= this.#toDisk().then(() => {
      this.#copying = undefined;
      if (!this.#isClosed && !this.#run(this.#copy)) this.#runSoon();
    });
  }

  /** What fails here is done by SQLite when it copies the log. */
  async #toDisk(): Promise<void> {
    try {
      // No lock of SQLite's is on this file: closing it ends none.
      const log = await open(this.#log, 'r+');
      await log.datasync().finally(() => log.close());
    } catch {
      // The log keeps everything in the meantime.
    }
  }

  #run(checkpoint: Statement): boolean {
    const rows = this.#rowsSoFar - this.#rowsAtLast;
    this.#rowsAtLast = this.#rowsSoFar;
    try {
      type Answer = { readonly busy: number; readonly log: number; readonly checkpointed: number };
      const [{ busy, log: pages, checkpointed }] = checkpoint.all() as [Answer];
      if (checkpoint === this.#copy && pages > 0) {
        this.#rowsUntilNext = Math.min(MAX_ROWS, Math.max(MIN_ROWS, (rows * this.#maxPages) / pages));
      }
      return busy === 0 && checkpointed === pages;
    } catch {
      return false;
    }
  }
}
