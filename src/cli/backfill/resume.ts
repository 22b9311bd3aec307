import { createHash } from 'node:crypto';
import { type Checkpoint, readCheckpoint } from './checkpoint.js';
import type { InputFile } from './input-file.js';
import type { Position } from './source.js';

export interface ResumeOptions {
  readonly path: string;
  readonly input: InputFile;
  /** Before the first row. */
  readonly start: Position;
  readonly checkpointFile: string;
  /** Forget what an earlier run has done. */
  readonly restart: boolean;
  readonly token: string;
  readonly baseUrl: string;
}

/**
 * Where to go on: where an earlier run has stopped, or at the beginning.
 * @throws {Error} when going on would leave out rows or count them twice
 */
export async function resume(options: ResumeOptions): Promise<Checkpoint> {
  const { path, input, start, checkpointFile, restart, token, baseUrl } = options;
  // Only to be recognised again.
  const destination = createHash('sha256').update(`${baseUrl}\n${token}`).digest('hex').slice(0, 16);
  const earlier = restart ? undefined : await readCheckpoint(checkpointFile);
  if (earlier === undefined) {
    const counts = { delivered: 0, undelivered: {}, errorsBytes: 0 };
    return { version: 1, input: { ...input }, destination, ...start, ...counts, isDone: false };
  }
  if (earlier.input.size !== input.size || earlier.input.mtimeMs !== input.mtimeMs) {
    throw new Error(
      `${path} has changed since its rows up to ${earlier.row} were sent: where they end is not known any more. Put the old file back, or send all of it with --restart: rows with the same distinctId count once.`,
    );
  }
  if (earlier.destination !== destination) {
    throw new Error(
      `The rows of ${path} up to ${earlier.row} were sent with another token or to another address. Use those again, or send all of it with --restart.`,
    );
  }
  return earlier;
}
