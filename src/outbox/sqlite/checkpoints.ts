import { open } from 'node:fs/promises';
import type { Database, Statement } from '../../sqlite/database.js';

/** Pages in the log, about, from which on it is copied into the database. */
const LOG_PAGES = 1_000;
/** The fewest and the most rows that are thought to fill them. */
const MIN_ROWS = 250;
const MAX_ROWS = 20_000;

/**
 * Copies the write-ahead log into the database before SQLite does it by itself, in the middle of a commit. What takes longest
 * is to get the log onto the disk, and that is done beside the event loop first.
 *
 * How long the log is, SQLite tells only when it copies it; in between it is judged by the rows that were changed.
 */
export class Checkpoints {
  readonly #log: string;
  readonly #checkpoint: Statement;
  readonly #changes: Statement;
  #rowsSoFar = 0;
  #rowsAtLast = 0;
  #rowsUntilNext = LOG_PAGES;
  #isUnderWay = false;
  #isClosed = false;

  constructor(database: Database, file: string) {
    this.#log = `${file}-wal`;
    this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
    this.#changes = database.prepare('SELECT total_changes() AS rows');
  }

  /** To be called after each commit. */
  afterCommit(): void {
    this.#rowsSoFar = (this.#changes.get() as { readonly rows: number }).rows;
    if (this.#rowsSoFar - this.#rowsAtLast >= this.#rowsUntilNext && !this.#isUnderWay) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
  }

  async #run(): Promise<void> {
    this.#isUnderWay = true;
    try {
      // No lock of SQLite's is on this file: closing it ends none.
      const log = await open(this.#log, 'r+');
      await log.datasync().finally(() => log.close());
      if (!this.#isClosed) this.#copy();
    } catch {
      // The log keeps everything in the meantime, and SQLite's own turn comes when it has grown further.
    } finally {
      this.#rowsAtLast = this.#rowsSoFar;
      this.#isUnderWay = false;
    }
  }

  #copy(): void {
    const [{ log: pages }] = this.#checkpoint.all() as [{ readonly log: number }];
    const rows = this.#rowsSoFar - this.#rowsAtLast;
    if (pages > 0) this.#rowsUntilNext = Math.min(MAX_ROWS, Math.max(MIN_ROWS, (rows * LOG_PAGES) / pages));
  }
}
