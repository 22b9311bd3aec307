import { unlinkSync } from 'node:fs';
import { retryTransient } from '../retry-transient.js';
import { attempt, type Connection, close, closeDisplaced, connect, type Source } from './connection.js';
import { compareFootprints, type Displacement, isSame, readFootprint } from './footprint.js';
import { moveEntries, rollBack } from './move-entries.js';
import { explain, SqliteOutboxError } from './sqlite-error.js';
import type { Statements } from './statements.js';

/**
 * The outbox's file.
 *
 *   closed ──first use──▶ open ──it breaks──▶ closed
 *                          ├─ another file is at its path ──▶ displaced ──its contents are moved there──▶ open
 *                          └─ its log or index was deleted ──▶ displaced ──the log is copied──▶ open
 *
 * Every call looks first whether the files at the path are still those that are open, and an append looks again before it is
 * confirmed. While the contents of a displaced file cannot be moved, no event is stored, and what it holds is delivered from
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
  #notice: SqliteOutboxError | undefined;

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
      const { statements, own } = this.#usable();
      try {
        return transact(statements, work);
      } catch (error) {
        if (own === undefined || !own.reserve.explains(error)) throw error;
        own.reserve.release();
        // The log may be what fills the disk.
        attempt(() => own.checkpoints.run());
        return transact(statements, work);
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
      const open = this.#inPlace();
      open.own?.reserve.ensure();
      const result = transact(open.statements, work);
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
    this.#isClosed = true;
    const open = this.#open;
    if (open === undefined) return;
    try {
      if (this.#displacementOf(open) !== undefined && open.own !== undefined) this.#follow(open);
    } catch (cause) {
      const { entries } = open.statements.totals.all()[0]!;
      if (entries > 0) {
        throw new SqliteOutboxError(`${explain(cause, this.name).message} ${entries} stored events are lost with it.`, {
          cause,
        });
      }
    } finally {
      this.#letGo();
    }
  }

  /** The database as it can be used for anything but storing events. */
  #usable(): Connection {
    const open = this.#opened();
    const displacement = this.#displacementOf(open);
    if (displacement === undefined) return open;
    try {
      return this.#follow(open);
    } catch (error) {
      if (displacement === 'database' && this.#open === open) return open;
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
    this.#open ??= connect(this.#source, this.name);
    return this.#open;
  }

  #displacementOf({ path, footprint, own }: Connection): Displacement | undefined {
    if (path === undefined) return undefined;
    const now = readFootprint(path);
    own?.checkpoints.onLog(Number(now.log?.size ?? 0));
    const displacement = compareFootprints(footprint, now);
    // The caller's database comes and goes with its log as the caller likes.
    return own === undefined && displacement === 'log' ? undefined : displacement;
  }

  /** Goes on with the files that are at the path now. @throws {SqliteOutboxError} that leaves the displaced database open */
  #follow(open: Connection): Connection {
    const { own, path } = open;
    if (own === undefined || path === undefined) {
      throw new SqliteOutboxError(
        `the file of ${this.name} was deleted or replaced while it was open: open the new one and give it to a new outbox. Until then no event is stored, and what the open one holds is delivered.`,
      );
    }
    try {
      const isMoved = this.#displacementOf(open) === 'database';
      this.#open = isMoved ? this.#moveContents(open, path) : this.#rejoin(open, path);
      return this.#open;
    } catch (cause) {
      const { message, isTransient } = explain(cause, this.name);
      throw new SqliteOutboxError(
        `${this.name} was deleted, moved or replaced while it was open, and cannot be opened again: ${message} Until then no event is stored, and what the open one holds is delivered.`,
        { isTransient, cause },
      );
    }
  }

  #moveContents(old: Connection, path: string): Connection {
    // Where the old file is kept elsewhere, it is whole without its log.
    attempt(() => old.own?.checkpoints.run());
    // SQLite would take the log of the old file for the new one's, and copy it there.
    const { log, index } = readFootprint(path);
    if (log !== undefined && isSame(log, old.footprint.log)) unlinkSync(`${path}-wal`);
    if (index !== undefined && isSame(index, old.footprint.index)) unlinkSync(`${path}-shm`);
    const fresh = connect(this.#source, this.name);
    let count: number;
    try {
      count = moveEntries(old.statements, fresh.statements);
    } catch (error) {
      close(fresh);
      throw error;
    }
    closeDisplaced(old);
    this.#notice = new SqliteOutboxError(
      `${this.name} was deleted, moved or replaced while it was open: its ${count} events are in the one that is there now.`,
    );
    return fresh;
  }

  /** The log holds what was committed last, and its index the locks: without them other processes would not see either. */
  #rejoin(old: Connection, path: string): Connection {
    const { own, footprint } = old;
    const now = readFootprint(path);
    const isOthers = (one: 'log' | 'index'): boolean => now[one] !== undefined && !isSame(now[one], footprint[one]);
    const canCopy = !isOthers('log') && !isOthers('index');
    if (canCopy && own?.checkpoints.run() === false) {
      throw new SqliteOutboxError(`${this.name} is in use by another process.`, { isTransient: true });
    }
    this.#open = undefined;
    closeDisplaced(old);
    this.#open = connect(this.#source, this.name);
    if (canCopy) return this.#open;
    throw new SqliteOutboxError('another process has begun a new log.', { isTransient: true });
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
    if (open === undefined) return;
    if (this.#displacementOf(open) === undefined) close(open);
    else closeDisplaced(open);
  }
}

function transact<Result>(statements: Statements, work: (statements: Statements) => Result): Result {
  statements.begin.run();
  try {
    const result = work(statements);
    statements.commit.run();
    return result;
  } catch (error) {
    rollBack(statements);
    throw error;
  }
}

export function isTransient(error: unknown): boolean {
  return error instanceof SqliteOutboxError && error.isTransient;
}
