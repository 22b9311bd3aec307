import { rm } from 'node:fs/promises';
import { type Outcome, reasonOf } from '../../core/outcome.js';
import { outcomeWords } from '../outcome-words.js';
import { type Checkpoint, writeCheckpoint } from './checkpoint.js';
import { appendToOwnFile } from './own-file.js';
import type { Position } from './source.js';

const SAVE_EVERY_ROWS = 10_000;
const SAVE_EVERY_MS = 1_000;

/** Why a row was not delivered. The message names fields, never values. */
interface RowError {
  readonly row: number;
  readonly code: string;
  readonly message: string;
}

/** A file with a line of JSON for every undelivered row, in order. Created with the first of them. */
class ErrorsFile {
  readonly #file: string;
  #lines: string[] = [];
  #bytes: number;

  private constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Keeps the first `bytes` of an earlier run. The rows after them are sent again. */
  static async open(file: string, bytes: number): Promise<ErrorsFile> {
    if (bytes === 0) {
      await rm(file, { force: true });
      return new ErrorsFile(file, 0);
    }
    const handle = await appendToOwnFile(file);
    try {
      const { size } = await handle.stat();
      if (size > bytes) await handle.truncate(bytes);
      return new ErrorsFile(file, Math.min(size, bytes));
    } finally {
      await handle.close();
    }
  }

  add(error: RowError): void {
    this.#lines.push(`${JSON.stringify(error)}\n`);
  }

  /** Writes everything added so far, and resolves to the size of the file. */
  async save(): Promise<number> {
    if (this.#lines.length === 0) return this.#bytes;
    const text = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    const handle = await appendToOwnFile(this.#file);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    this.#bytes += text.length;
    return this.#bytes;
  }
}

/** Records outcomes on disk: first a line for each undelivered row, then the checkpoint. */
export class Journal {
  readonly #file: string;
  readonly #errors: ErrorsFile;
  readonly #checkpoint: Checkpoint;
  #unsavedRows = 0;
  #savedAt = performance.now();
  #failure: unknown;

  private constructor(file: string, errors: ErrorsFile, checkpoint: Checkpoint) {
    this.#file = file;
    this.#errors = errors;
    this.#checkpoint = structuredClone(checkpoint);
  }

  /** Continues at a checkpoint. Saves it once, so that a file that cannot be written fails before anything is sent. */
  static async open(checkpointFile: string, errorsFile: string, checkpoint: Checkpoint): Promise<Journal> {
    const journal = new Journal(checkpointFile, await ErrorsFile.open(errorsFile, checkpoint.errorsBytes), checkpoint);
    await journal.save();
    return journal;
  }

  get checkpoint(): Readonly<Checkpoint> {
    return this.#checkpoint;
  }

  /** Records the outcome of the next row. */
  record(end: Position, outcome: Outcome): void {
    const { undelivered } = this.#checkpoint;
    this.#unsavedRows += 1;
    this.#checkpoint.row = end.row;
    this.#checkpoint.bytes = end.bytes;
    if (outcome.status === 'delivered') {
      this.#checkpoint.delivered += 1;
      return;
    }
    const code = reasonOf(outcome);
    undelivered[code] = (undelivered[code] ?? 0) + 1;
    this.#errors.add({ row: end.row, code, message: outcome.message ?? outcomeWords(outcome)?.meaning ?? code });
  }

  /** Saves if enough was recorded since the last time. */
  async saveWhenDue(): Promise<void> {
    if (this.#unsavedRows === 0) return;
    if (this.#unsavedRows < SAVE_EVERY_ROWS && performance.now() - this.#savedAt < SAVE_EVERY_MS) return;
    await this.save();
  }

  /** @throws the error of the first failed save. Nothing is saved after it, or lost lines would go unnoticed. */
  async save({ isDone = false }: { readonly isDone?: boolean } = {}): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#unsavedRows = 0;
    this.#savedAt = performance.now();
    this.#checkpoint.isDone = isDone;
    const checkpoint = structuredClone(this.#checkpoint);
    // In this order: after a crash in between, the next run writes the same lines to the same place.
    try {
      checkpoint.errorsBytes = await this.#errors.save();
      await writeCheckpoint(this.#file, checkpoint);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
