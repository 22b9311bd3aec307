import { open } from 'node:fs/promises';
import type { Database, Statement } from '../../sqlite/database.js';
import { later } from '../../timers.js';

/** How long the bytes of a deleted event may stay in the log. Also the pause after a checkpoint that a reader was in the way of. */
const INTERVAL_MS = 1_000;

/**
 * Copies the write-ahead log into the database and empties it: before SQLite does so in the middle of a commit, and soon after
 * events were deleted, which stay readable in the log until then. Most of the time goes into getting the log onto the disk,
 * which is done off the event loop first.
 */
export class Checkpoints {
  readonly #log: string;
  readonly #maxLogBytes: number;
  readonly #checkpoint: Statement;
  #underWay: Promise<void> | undefined;
  /** Cancels the next checkpoint. */
  #cancel: (() => void) | undefined;
  #isPausing = false;
  #isResting = false;
  #isClosed = false;

  /** @param maxLogBytes the length of the log above which it is copied */
  constructor(database: Database, file: string, maxLogBytes: number) {
    this.#log = `${file}-wal`;
    this.#maxLogBytes = maxLogBytes;
    this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  }

  /** To be told how long the log is, as often as that is known. */
  onLog(bytes: number): void {
    if (bytes >= this.#maxLogBytes && !this.#isPausing) void this.eraseNow();
  }

  /** What was deleted leaves the log within a second, or as soon after that as no reader needs it. */
  eraseSoon(): void {
    if (this.#isClosed) return;
    this.#cancel ??= later(INTERVAL_MS, () => {
      this.#cancel = undefined;
      this.#isPausing = false;
      void this.eraseNow();
    });
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
    this.#underWay ??= this.#run();
    return this.#underWay;
  }

  /** Copies the log without getting it onto the disk first. Tells whether all of it was copied. @throws the driver's error */
  run(): boolean {
    const [{ busy }] = this.#checkpoint.all() as [{ readonly busy: number }];
    return busy === 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  async #run(): Promise<void> {
    try {
      // No lock of SQLite's is on this file: closing it ends none.
      const log = await open(this.#log, 'r+');
      await log.datasync().finally(() => log.close());
    } catch {
      // Then SQLite does it.
    }
    // What is deleted from now on needs another checkpoint.
    this.#underWay = undefined;
    if (this.#isClosed || this.#tryRun()) return;
    this.#isPausing = true;
    this.eraseSoon();
  }

  #tryRun(): boolean {
    try {
      return this.run();
    } catch {
      return false;
    }
  }
}
