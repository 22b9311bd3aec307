import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FolderWatch } from './folder-watch.js';
import { look } from './look.js';
import { SqliteError } from './sqlite-error.js';

/** Twice the usual maximum of the log, because copying it into the database may need as much again. */
const MAX_BYTES = 8 * 1024 * 1024;
/** On a small disk the reserve takes this fraction: 1/8. */
const SHARE_OF_DISK = 8;
/** With less free space than this, SQLite fails with errors that do not name the disk: it cannot even create its index. */
const NO_ROOM_BYTES = 64 * 1024;
const BLOCK = Buffer.alloc(1024 * 1024);

/**
 * A file that only reserves space. Delivery has to write, so an outbox that fills the disk could never drain. A process that finds
 * no space for a delivery deletes the reserve, and no process accepts new events until it is back: the freed space is for
 * deliveries only.
 */
export class Reserve {
  readonly bytes: number;
  readonly #path: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #watch: FolderWatch;
  /** The folder generation in which the reserve last existed. */
  #seenIn: number | undefined;

  /**
   * @param name the outbox file, for messages
   * @throws the file system's error if the folder does not exist
   */
  constructor(file: string, name: string, watch: FolderWatch) {
    this.#watch = watch;
    this.#path = `${file}-reserve`;
    this.#folder = dirname(file);
    this.#name = name;
    const { blocks, bsize } = statfsSync(this.#folder);
    // A file system that does not report its size counts as large.
    this.bytes = Math.min(MAX_BYTES, Math.floor((blocks * bsize) / SHARE_OF_DISK) || MAX_BYTES);
  }

  /** As of the last check of the folder; every append ends with one. */
  isThere(): boolean {
    const { generation } = this.#watch;
    if (generation === this.#seenIn) return true;
    const isThere = look(this.#path) !== undefined;
    this.#seenIn = isThere ? generation : undefined;
    return isThere;
  }

  /** Recreates the reserve if it is missing. @throws {SqliteError} if there is no space for it */
  fill(): void {
    if (this.isThere()) return;
    if (this.#freeBytes() < this.bytes) throw this.#full();
    try {
      this.#write();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Another process is recreating it.
      if (code === 'EEXIST') return;
      this.release();
      throw code === 'ENOSPC' || code === 'EDQUOT' ? this.#full(cause) : cause;
    }
  }

  /** Deletes the reserve. */
  release(): void {
    this.#seenIn = undefined;
    try {
      unlinkSync(this.#path);
    } catch {
      // Already deleted.
    }
  }

  /** Whether an error means that the disk is full. */
  explains(error: unknown): boolean {
    return isFull(error) || this.#freeBytes() < NO_ROOM_BYTES;
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#folder);
      return bavail * bsize;
    } catch {
      // The folder is gone, which is not a lack of space.
      return Number.POSITIVE_INFINITY;
    }
  }

  #write(): void {
    // Random bytes: a compressing file system would store zeros in no space.
    randomFillSync(BLOCK);
    const file = openSync(this.#path, 'wx', 0o600);
    try {
      for (let left = this.bytes; left > 0; ) left -= writeSync(file, BLOCK, 0, Math.min(left, BLOCK.length));
    } finally {
      closeSync(file);
    }
  }

  #full(cause?: unknown): SqliteError {
    return new SqliteError(
      `the disk of ${this.#name} is full: free at least ${this.bytes} bytes. Until then it rejects new events and delivers the ones it holds (SQLITE_FULL).`,
      { isTransient: true, cause },
    );
  }
}

/** `node:sqlite` gives a number with more in the high bits, other drivers a name. */
function isFull(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  return typeof errcode === 'number' ? (errcode & 0xff) === 13 : code === 'SQLITE_FULL';
}
