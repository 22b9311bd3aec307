import { later } from '../../core/timers.js';
import { retryTransient } from '../durable/retry-transient.js';
import { attempt, type Connection, close, closeDisplaced, connect, isOwn, type Source } from './connection.js';
import { moveToPath, replaceFile } from './displaced.js';
import { rollBack } from './move-entries.js';
import type { Displacement } from './open-files.js';
import { explain, isTransient, SqliteOutboxError } from './sqlite-error.js';
import type { Statements } from './statements.js';

/** How long a process with nothing to do takes to notice what happened to its files. */
const LOOK_EVERY_MS = 1_000;

/**
 * The outbox's file.
 *
 *   closed ──first use──▶ open ──it breaks──▶ closed
 *                          ├─ another file is at its path ──▶ displaced ──its contents are moved there──▶ open
 *                          └─ its log or index was deleted ──▶ displaced ──a new file takes its place──▶ open
 *
 * Every call looks whether the files at the path are still those that are open: an append before it is confirmed, all others
 * first. Without calls, that happens once a second: another process may be waiting for it. While the contents of a displaced file cannot be moved, no event is stored, and what it holds is delivered from
 * the open file.
 *
 * Whatever happens to the file is an error of the call that met it, and the next call tries again: no restart is needed.
 */
export class SqliteFile {
  /** For messages. */
  readonly name: string;
  readonly #source: Source;
  #open: Connection | undefined;
  #isClosed = false;
  /** Whether the contents of a displaced file could not be moved when that was last tried. */
  #isAdrift = false;
  #notice: SqliteOutboxError | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
    this.name = 'file' in source ? `the outbox file ${source.file}` : 'the outbox database';
  }

  /** Reads, without waiting for writers. @throws {SqliteOutboxError} */
  read<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => work(this.#usable().statements));
  }

  /** Changes the file in one transaction: all of it or nothing. @throws {SqliteOutboxError} transient when it is in use */
  write<Result>(work: (statements: Statements) => Result): Result {
    return this.#explaining(() => {
      const open = this.#usable();
      const { own } = open;
      try {
        return transact(open, work);
      } catch (error) {
        if (own === undefined || !own.reserve.explains(error)) throw error;
        own.reserve.release();
        // The log may be what fills the disk.
        own.checkpoints.copyAndCut();
        return transact(open, work);
      }
    });
  }

  /**
   * The same for new events, with a result that is true of the file at the path.
   *
   * @param afterMove what is true of the result in the file that its events were moved to
   * @throws {SqliteOutboxError}
   */
  append<Result>(
    work: (statements: Statements) => Result,
    afterMove: (result: Result, statements: Statements) => Result,
  ): Result {
    return this.#explaining(() => {
      // The usual case is looked at once, after the commit.
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
        throw new SqliteOutboxError(message, { isTransient, storedNothing: false, cause });
      }
    });
  }

  /** Does it again as long as the file is in use by others. */
  patiently<Result>(work: () => Result): Promise<Result> {
    return retryTransient(async () => work(), isTransient);
  }

  /** Takes what was deleted out of the log; see {@link Checkpoints}. Never rejects. */
  async erase(when: 'soon' | 'once a second' | 'now'): Promise<void> {
    const checkpoints = this.#open?.own?.checkpoints;
    if (when === 'soon') checkpoints?.eraseSoon();
    else if (when === 'now') await checkpoints?.eraseNow();
    else await checkpoints?.eraseOnceASecond();
  }

  /** What has happened to the file since this was last asked, once. */
  takeNotice(): SqliteOutboxError | undefined {
    const notice = this.#notice;
    this.#notice = undefined;
    return notice;
  }

  /** @throws {SqliteOutboxError} when stored events are lost with a file that is not at its path any more */
  close(): void {
    const open = this.#open;
    try {
      if (open?.own !== undefined) this.#inPlace();
    } catch (cause) {
      const { entries } = this.#open?.statements.totals.all()[0] ?? { entries: 0 };
      if (entries > 0) {
        throw new SqliteOutboxError(`${explain(cause, this.name).message} ${entries} stored events are lost with it.`, {
          cause,
        });
      }
    } finally {
      this.#isClosed = true;
      this.#letGo();
    }
  }

  /** The database as it can be used for anything but storing events. */
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
    if (this.#isClosed) throw new SqliteOutboxError(`${this.name} was closed by close().`);
    if (this.#open === undefined) {
      this.#open = connect(this.#source, this.name);
      const { warning } = this.#open;
      if (warning !== undefined) this.#notice ??= new SqliteOutboxError(warning);
    }
    if (isOwn(this.#open)) this.#lookSoon();
    return this.#open;
  }

  #lookSoon(): void {
    this.#cancelLook ??= later(LOOK_EVERY_MS, () => {
      this.#cancelLook = undefined;
      // The next call meets the same failure, and reports it.
      attempt(() => this.read(() => undefined));
    });
  }

  #displacementOf({ files }: Connection): Displacement | undefined {
    return files?.displacement();
  }

  /** Goes on with the files that are in their place now. @throws {SqliteOutboxError} with the displaced database left open */
  #follow(open: Connection): Connection {
    const displacement = this.#displacementOf(open);
    this.#isAdrift = true;
    if (!isOwn(open) || !('file' in this.#source)) {
      throw new SqliteOutboxError(
        `the file of ${this.name} was deleted, moved or replaced while it was open: open the new one and give it to a new outbox. Until then no event is stored, and what the open one holds is delivered.`,
      );
    }
    try {
      if (displacement === 'database') {
        const { fresh, count } = moveToPath(open, this.#source, this.name);
        this.#open = fresh;
        this.#notice = new SqliteOutboxError(
          `${this.name} was deleted, moved or replaced while it was open: its ${count} events are in the one that is there now.`,
        );
      } else if (displacement === 'log') {
        replaceFile(open, this.#source, this.name);
        this.#open = undefined;
      }
      this.#isAdrift = false;
      return this.#opened();
    } catch (cause) {
      // Another process has put a new file in the place of this one: its contents can move there.
      if (displacement === 'log' && this.#open === open && this.#displacementOf(open) === 'database') return open;
      const { message, isTransient } = explain(cause, this.name);
      throw new SqliteOutboxError(
        `${this.name} was deleted, moved or replaced while it was open, and cannot be opened again: ${message} Until then no event is stored, and what the open one holds is delivered.`,
        { isTransient, cause },
      );
    }
  }

  #explaining<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      const error = explain(cause, this.name);
      if (error.isBroken) this.#letGo();
      throw error;
    }
  }

  #letGo(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
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
    rollBack(statements);
    throw error;
  }
  // Nothing that fails after the commit may look as if nothing was committed.
  attempt(() => own?.checkpoints.afterCommit());
  return result;
}
