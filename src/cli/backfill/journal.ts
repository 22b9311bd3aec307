import type { Outcome } from '../../core/outcome.js';
import { inWords, reasonOf } from '../outcome-words.js';
import { type Checkpoint, writeCheckpoint } from './checkpoint.js';
import { ErrorsFile } from './errors-file.js';
import type { Position } from './source.js';

const SAVE_EVERY_ROWS = 10_000;
const SAVE_EVERY_MS = 1_000;

/** What became of the rows, on disk: a line for each that was not delivered, and then how far all of them are known. */
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

  /** Goes on at a checkpoint. Saves it, so that what cannot be written fails before anything is sent. */
  static async open(checkpointFile: string, errorsFile: string, checkpoint: Checkpoint): Promise<Journal> {
    const journal = new Journal(checkpointFile, await ErrorsFile.open(errorsFile, checkpoint.errorsBytes), checkpoint);
    await journal.save();
    return journal;
  }

  get checkpoint(): Readonly<Checkpoint> {
    return this.#checkpoint;
  }

  /** Notes the outcome of the next row. */
  note(end: Position, outcome: Outcome): void {
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
    this.#errors.add({ row: end.row, code, message: outcome.message ?? inWords(outcome)?.meaning ?? code });
  }

  /** Saves when enough has been noted since the last time. */
  async saveWhenDue(): Promise<void> {
    if (this.#unsavedRows === 0) return;
    if (this.#unsavedRows < SAVE_EVERY_ROWS && performance.now() - this.#savedAt < SAVE_EVERY_MS) return;
    await this.save();
  }

  /** @throws what went wrong once: nothing is saved after that, or the errors that are missing would not be noticed */
  async save({ isDone = false }: { readonly isDone?: boolean } = {}): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#unsavedRows = 0;
    this.#savedAt = performance.now();
    this.#checkpoint.isDone = isDone;
    const checkpoint = structuredClone(this.#checkpoint);
    // In this order: a crash in between leaves lines that the next run writes again in the same place.
    try {
      checkpoint.errorsBytes = await this.#errors.save();
      await writeCheckpoint(this.#file, checkpoint);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}
