import { later } from '../../core/timers.js';
import { rollBack } from '../../sqlite/database.js';
import { retryTransient } from '../durable/retry-transient.js';
import { attempt, type Connection, close, closeDisplaced, connect, isOwn, type Source } from './connection.js';
import { moveToPath, replaceFile } from './displaced.js';
import type { Displacement } from './open-files.js';
import { explain, SqliteError } from './sqlite-error.js';
import type { Statements } from './statements.js';

/** How often an idle process checks its files. */
const CHECK_EVERY_MS = 1_000;

/**
 * The outbox's file.
 *
 *   closed ──first use──▶ open ──it breaks──▶ closed
 *                          ├─ another file is at its path ──▶ displaced ──its contents are moved there──▶ open
 *                          └─ its log or index was deleted ──▶ displaced ──a new file takes its place──▶ open
 *
 * Every call checks whether the files at the path are still the open ones: an append before it is confirmed, all others first.
 * An idle process checks once a second, because another process may be waiting for it. While the contents of a displaced file
 * cannot be moved, no event is stored, and its entries are delivered from the open file.
 *
 * A failure of the file rejects the call that meets it, and the next call tries again: no restart is needed.
 */
export class SqliteFile {
  /** For messages. */
  readonly name: string;
  readonly #source: Source;
  #open: Connection | undefined;
  #isClosed = false;
  /** Whether the last attempt to move the contents of a displaced file failed. */
  #isAdrift = false;
  #notice: SqliteError | undefined;
  #cancelCheck: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
    this.name = 'file' in source ? `the outbox file ${source.file}` : 'the outbox database';
  }

  /** Reads without waiting for writers. @throws {SqliteError} */
  read<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => work(this.#usable().statements));
  }

  /** Changes the file in one transaction. @throws {SqliteError} transient if it is in use */
  write<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => {
      const open = this.#usable();
      const { own } = open;
      try {
        return transact(open, work);
      } catch (error) {
        if (own === undefined || !own.reserve.explains(error)) throw error;
        own.reserve.release();
        // The log itself may fill the disk.
        own.checkpoints.copyAndCut();
        return transact(open, work);
      }
    });
  }

  /**
   * Appends events in one transaction, with a result that holds for the file at the path.
   *
   * @param afterMove adjusts the result for the file that the events were moved to
   * @throws {SqliteError}
   */
  append<Result>(
    work: (statements: Statements) => Result,
    afterMove: (result: Result, statements: Statements) => Result,
  ): Result {
    return this.#explaining(() => {
      // In the usual case the files are checked once, after the commit.
      let open = this.#opened();
      if (this.#isAdrift || open.own?.reserve.isThere() !== true) {
        open = this.#inPlace();
        open.own?.reserve.fill();
      }
      const result = transact(open, work);
      try {
        const now = this.#inPlace();
        return now === open ? result : afterMove(result, now.statements);
      } catch (cause) {
        const { message, isTransient } = explain(cause, this.name);
        throw new SqliteError(message, { isTransient, storedNothing: false, cause });
      }
    });
  }

  /** Retries while other processes use the file. */
  retrying<Result>(work: () => Result): Promise<Result> {
    return retryTransient(async () => work());
  }

  /** Removes deleted events from the log; see {@link Checkpoints}. Never rejects. */
  async erase(when: 'soon' | 'once a second' | 'now'): Promise<void> {
    const checkpoints = this.#open?.own?.checkpoints;
    if (when === 'soon') checkpoints?.eraseSoon();
    else if (when === 'now') await checkpoints?.eraseNow();
    else await checkpoints?.eraseOnceASecond();
  }

  /** What happened to the file since the last call, once. */
  takeNotice(): SqliteError | undefined {
    const notice = this.#notice;
    this.#notice = undefined;
    return notice;
  }

  /** @throws {SqliteError} if stored events are lost with a file that is no longer at its path */
  close(): void {
    const open = this.#open;
    try {
      if (open?.own !== undefined) this.#inPlace();
    } catch (cause) {
      const { entries } = this.#open?.statements.totals.all()[0] ?? { entries: 0 };
      if (entries > 0) {
        throw new SqliteError(`${explain(cause, this.name).message} ${entries} stored events are lost with it.`, {
          cause,
        });
      }
    } finally {
      this.#isClosed = true;
      this.#release();
    }
  }

  /** The database for anything but storing events. */
  #usable(): Connection {
    try {
      return this.#inPlace();
    } catch (error) {
      if (this.#open !== undefined && this.#displacementOf(this.#open) === 'database') return this.#open;
      throw error;
    }
  }

  /** The database at the path. */
  #inPlace(): Connection {
    let open = this.#opened();
    while (this.#displacementOf(open) !== undefined) open = this.#follow(open);
    return open;
  }

  #opened(): Connection {
    if (this.#isClosed) throw new SqliteError(`${this.name} was closed by close().`);
    if (this.#open === undefined) {
      this.#open = connect(this.#source, this.name);
      const { warning } = this.#open;
      if (warning !== undefined) this.#notice ??= new SqliteError(warning);
    }
    if (isOwn(this.#open)) this.#checkSoon();
    return this.#open;
  }

  #checkSoon(): void {
    this.#cancelCheck ??= later(CHECK_EVERY_MS, () => {
      this.#cancelCheck = undefined;
      // The next call meets and reports the same failure.
      attempt(() => this.read(() => undefined));
    });
  }

  #displacementOf({ files }: Connection): Displacement | undefined {
    return files?.displacement();
  }

  /** Switches to the files at the path. @throws {SqliteError} leaving the displaced database open */
  #follow(open: Connection): Connection {
    const displacement = this.#displacementOf(open);
    this.#isAdrift = true;
    if (!isOwn(open) || !('file' in this.#source)) {
      throw new SqliteError(
        `the file of ${this.name} was deleted, moved or replaced while it was open: open the new one and give it to a new outbox. Until then no event is stored, and the events in the open file are delivered.`,
      );
    }
    try {
      if (displacement === 'database') {
        const { fresh, count } = moveToPath(open, this.#source, this.name);
        this.#open = fresh;
        this.#notice = new SqliteError(
          `${this.name} was deleted, moved or replaced while it was open: its ${count} events were moved to the file that is there now.`,
        );
      } else if (displacement === 'log') {
        replaceFile(open, this.#source, this.name);
        this.#open = undefined;
      }
      this.#isAdrift = false;
      return this.#opened();
    } catch (cause) {
      // Another process has replaced the file: the contents can move there.
      if (displacement === 'log' && this.#open === open && this.#displacementOf(open) === 'database') return open;
      const { message, isTransient } = explain(cause, this.name);
      throw new SqliteError(
        `${this.name} was deleted, moved or replaced while it was open, and cannot be opened again: ${message} Until then no event is stored, and the events in the open file are delivered.`,
        { isTransient, cause },
      );
    }
  }

  #explaining<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      const error = explain(cause, this.name);
      if (error.isBroken) this.#release();
      throw error;
    }
  }

  #release(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    if (open === undefined) return;
    if (isOwn(open) && this.#displacementOf(open) !== undefined) closeDisplaced(open);
    else close(open);
  }
}

function transact<Result>({ statements, own }: Connection, work: (statements: Statements) => Result): Result {
  let result: Result;
  statements.begin.run();
  try {
    result = work(statements);
    statements.commit.run();
  } catch (error) {
    rollBack(() => statements.rollback.run());
    throw error;
  }
  // A failure after the commit must not look as if nothing was committed.
  attempt(() => own?.checkpoints.afterCommit());
  return result;
}
