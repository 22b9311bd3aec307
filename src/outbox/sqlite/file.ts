import { randomUUID } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { retryTransient } from '../retry-transient.js';
import {
  attempt,
  type Connection,
  close,
  closeDisplaced,
  connect,
  type FileSource,
  isOwn,
  type OwnConnection,
  type Source,
} from './connection.js';
import { moveEntries, rollBack } from './move-entries.js';
import type { Displacement } from './open-files.js';
import { explain, SqliteOutboxError } from './sqlite-error.js';
import type { Statements } from './statements.js';

/**
 * The outbox's file.
 *
 *   closed ──first use──▶ open ──it breaks──▶ closed
 *                          ├─ another file is at its path ──▶ displaced ──its contents are moved there──▶ open
 *                          └─ its log or index was deleted ──▶ displaced ──the log is copied──▶ open
 *
 * Every call looks whether the files at the path are still those that are open: an append before it is confirmed, all others
 * first. While the contents of a displaced file cannot be moved, no event is stored, and what it holds is delivered from
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

  #displacementOf({ files, own }: Connection): Displacement | undefined {
    const displacement = files?.displacement();
    // The log of the caller's database comes and goes as the caller likes.
    return own === undefined && displacement === 'log' ? undefined : displacement;
  }

  /** Goes on with the files that are in their place now. @throws {SqliteOutboxError} with the displaced database left open */
  #follow(open: Connection): Connection {
    this.#isAdrift = true;
    if (!isOwn(open)) {
      throw new SqliteOutboxError(
        `the file of ${this.name} was deleted, moved or replaced while it was open: open the new one and give it to a new outbox. Until then no event is stored, and what the open one holds is delivered.`,
      );
    }
    try {
      this.#open = this.#displacementOf(open) === 'database' ? this.#moveContents(open) : this.#rejoin(open);
      this.#isAdrift = false;
      return this.#open;
    } catch (cause) {
      const { message, isTransient } = explain(cause, this.name);
      throw new SqliteOutboxError(
        `${this.name} was deleted, moved or replaced while it was open, and cannot be opened again: ${message} Until then no event is stored, and what the open one holds is delivered.`,
        { isTransient, cause },
      );
    }
  }

  /** To the file that is at the path now, or a new one. */
  #moveContents(old: OwnConnection): Connection {
    // Where the old file is kept elsewhere, it is whole without its log.
    old.own.checkpoints.copyAndCut();
    let fresh: Connection | undefined;
    let count: number;
    try {
      count = moveEntries(old.statements, () => {
        if (!old.files.isAtTarget()) removeCompanions(old);
        fresh = connect(this.#source, this.name);
        return fresh.statements;
      });
    } catch (error) {
      if (fresh !== undefined) close(fresh);
      throw error;
    }
    closeDisplaced(old);
    this.#notice = new SqliteOutboxError(
      `${this.name} was deleted, moved or replaced while it was open: its ${count} events are in the one that is there now.`,
    );
    return fresh!;
  }

  /**
   * The log holds what was committed last, and its index the locks: without them a process that opens the file sees neither.
   * The contents go to a new file, which takes the place of this one, so that all processes that have this one open move.
   */
  #rejoin(old: OwnConnection): Connection {
    if (old.files.companions().some(({ isOthers }) => isOthers)) {
      this.#open = undefined;
      closeDisplaced(old);
      throw new SqliteOutboxError('another process has begun a new log.', { isTransient: true });
    }
    if (!old.own.checkpoints.copyAndCut()) {
      throw new SqliteOutboxError('what its deleted log holds cannot be copied yet.', { isTransient: true });
    }
    const file = `${old.files.target}.${randomUUID()}`;
    const copy = connect({ ...(this.#source as FileSource), file }, this.name) as OwnConnection;
    try {
      const openCopy = () => copy.statements;
      moveEntries(old.statements, openCopy, () => {
        // Only the process that holds the lock of the old file puts another in its place.
        if (!old.files.isAtTarget()) throw new SqliteOutboxError('another process was faster.', { isTransient: true });
        copy.own.checkpoints.copyAndCut();
        // Without a log it is whole under any name.
        copy.own.database.exec('PRAGMA journal_mode = DELETE');
        close(copy);
        removeCompanions(old);
        renameSync(file, old.files.target);
      });
    } catch (error) {
      close(copy);
      attempt(() => unlinkSync(file));
      throw error;
    }
    closeDisplaced(old);
    return connect(this.#source, this.name);
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
    if (isOwn(open) && this.#displacementOf(open) !== undefined) closeDisplaced(open);
    else close(open);
  }
}

/** SQLite would take the log of a file that is gone for the new one's, and copy it there. */
function removeCompanions({ files }: OwnConnection): void {
  for (const { name, isOurs } of files.companions()) if (isOurs) unlinkSync(name);
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

export function isTransient(error: unknown): boolean {
  return error instanceof SqliteOutboxError && error.isTransient;
}
