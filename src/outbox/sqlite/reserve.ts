import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FolderWatch } from './folder-watch.js';
import { look } from './look.js';
import { SqliteOutboxError } from './sqlite-error.js';

/** Twice the largest usual log: copying that into the database may take as much again. */
const MAX_BYTES = 8 * 1024 * 1024;
/** On a small disk the reserve takes one part in this many. */
const SHARE_OF_DISK = 8;
/** With less than this left, SQLite fails in ways that do not name the disk: it cannot even make its index. */
const NO_ROOM_BYTES = 64 * 1024;
const BLOCK = Buffer.alloc(1024 * 1024);

/**
 * A file that only takes up room. A delivery has to write, so a disk that the outbox itself has filled could never drain. The
 * process that finds no room for a delivery deletes the reserve, and no process takes new events until it is back: the room
 * it gave goes to deliveries alone.
 */
export class Reserve {
  readonly bytes: number;
  readonly #path: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #watch: FolderWatch;
  /** The generation of the folder in which the reserve was last there. */
  #seenIn: number | undefined;

  /**
   * @param name the outbox file, for messages
   * @throws the file system's error, when the folder is not there
   */
  constructor(file: string, name: string, watch: FolderWatch) {
    this.#watch = watch;
    this.#path = `${file}-reserve`;
    this.#folder = dirname(file);
    this.#name = name;
    const { blocks, bsize } = statfsSync(this.#folder);
    // A file system that does not tell its size counts as large.
    this.bytes = Math.min(MAX_BYTES, Math.floor((blocks * bsize) / SHARE_OF_DISK) || MAX_BYTES);
  }

  /** As of the last look at the folder, which every append ends with. */
  isThere(): boolean {
    const { generation } = this.#watch;
    if (generation === this.#seenIn) return true;
    const isThere = look(this.#path) !== undefined;
    this.#seenIn = isThere ? generation : undefined;
    return isThere;
  }

  /** Puts the reserve back if it is missing. @throws {SqliteOutboxError} when there is no room for it */
  fill(): void {
    if (this.isThere()) return;
    if (this.#roomBytes() < this.bytes) throw this.#full();
    try {
      this.#write();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      // Another process puts it back at the same moment.
      if (code === 'EEXIST') return;
      this.release();
      throw code === 'ENOSPC' || code === 'EDQUOT' ? this.#full(cause) : cause;
    }
  }

  /** Gives the room away. */
  release(): void {
    this.#seenIn = undefined;
    try {
      unlinkSync(this.#path);
    } catch {
      // It was given away before.
    }
  }

  /** Whether an error means that the disk is full. */
  explains(error: unknown): boolean {
    return isFull(error) || this.#roomBytes() < NO_ROOM_BYTES;
  }

  #roomBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#folder);
      return bavail * bsize;
    } catch {
      // The folder is gone: that is not for want of room.
      return Number.POSITIVE_INFINITY;
    }
  }

  #write(): void {
    // A file system that compresses would keep zeros in no room at all.
    randomFillSync(BLOCK);
    const file = openSync(this.#path, 'wx', 0o600);
    try {
      for (let left = this.bytes; left > 0; ) left -= writeSync(file, BLOCK, 0, Math.min(left, BLOCK.length));
    } finally {
      closeSync(file);
    }
  }

  #full(cause?: unknown): SqliteOutboxError {
    return new SqliteOutboxError(
      `the disk of ${this.#name} is full: it takes new events again when there is room for ${this.bytes} bytes more, and delivers what it holds meanwhile. Make room there (SQLITE_FULL).`,
      { isTransient: true, cause },
    );
  }
}

/** `node:sqlite` gives a number with more in its high bits, the other drivers a name. */
function isFull(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { readonly code?: unknown; readonly errcode?: unknown };
  return typeof errcode === 'number' ? (errcode & 0xff) === 13 : code === 'SQLITE_FULL';
}
