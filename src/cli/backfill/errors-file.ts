import { rm } from 'node:fs/promises';
import { appendToOwnFile } from './own-file.js';

/** Why a row was not delivered. The message names fields, never values. */
export interface RowError {
  readonly row: number;
  readonly code: string;
  readonly message: string;
}

/** A line of JSON for every row that was not delivered, in the order of the rows. Made for the first of them. */
export class ErrorsFile {
  readonly #file: string;
  #lines: string[] = [];
  #bytes: number;

  private constructor(file: string, bytes: number) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Keeps the first `bytes` of what an earlier run has written; the rows behind them are sent again. */
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

  /** Resolves to how many bytes the file has, with everything added so far on disk. */
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
