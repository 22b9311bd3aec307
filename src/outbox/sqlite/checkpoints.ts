import { open } from 'node:fs/promises';
import { later } from '../../core/timers.js';
import type { Database, Statement } from '../../sqlite/database.js';
import { logOf } from './open-files.js';

/** How long the bytes of a deleted event may stay in the log. Also the pause after a reader blocked a checkpoint. */
const INTERVAL_MS = 1_000;
/** Limits of the estimate of how many rows fill the log. */
const MIN_ROWS = 50;
const MAX_ROWS = 20_000;

/**
 * Copies the write-ahead log into the database: before SQLite does so during a commit, and soon after events were deleted, which
 * stay readable in the log until it is truncated. Syncing the log to disk takes most of the time and is done first, off the event
 * loop.
 *
 * SQLite reports the log's length only when it copies it; in between the length is estimated from the changed rows.
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
  /** Cancels the next scheduled run. */
  #cancel: (() => void) | undefined;
  /** Whether the log may hold deleted events. */
  #holdsDeleted = false;
  #isResting = false;
  #isClosed = false;

  /** @param maxPages the approximate length at which the log is copied */
  constructor(database: Database, file: string, maxPages: number) {
    this.#log = logOf(file);
    this.#maxPages = maxPages;
    this.#rowsUntilNext = Math.max(MIN_ROWS, maxPages);
    this.#copy = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#copyAndCut = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
    this.#changes = database.prepare('SELECT total_changes() AS rows');
  }

  /** Call after each commit: an idle process then leaves nothing in the log that could be lost with it. @throws the driver's error */
  afterCommit(): void {
    this.#runSoon();
    this.#rowsSoFar = (this.#changes.get() as { readonly rows: number }).rows;
    if (this.#rowsSoFar - this.#rowsAtLast >= this.#rowsUntilNext) {
      this.#copyNow();
    }
  }

  /** Removes deleted events from the log within a second, or once no reader needs them. */
  eraseSoon(): void {
    this.#holdsDeleted = true;
    this.#runSoon();
  }

  /** The same at once, or soon if it was done less than a second ago. Never rejects. */
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
      // Later deletions need another run.
      this.#erasing = undefined;
      if (this.#isClosed) return;
      this.#holdsDeleted = false;
      if (!this.copyAndCut()) this.eraseSoon();
    });
    return this.#erasing;
  }

  /** Copies and truncates the log without syncing it first. Returns whether all of it was copied. */
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

  /** Does not truncate the log: overwriting it is cheaper than growing it again. */
  #copyNow(): void {
    this.#copying ??= this.#toDisk().then(() => {
      this.#copying = undefined;
      if (!this.#isClosed && !this.#run(this.#copy)) this.#runSoon();
    });
  }

  /** If this fails, SQLite syncs when it copies the log. */
  async #toDisk(): Promise<void> {
    try {
      // SQLite holds no lock on this file, so closing it releases none.
      const log = await open(this.#log, 'r+');
      await log.datasync().finally(() => log.close());
    } catch {
      // The log keeps everything meanwhile.
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
