import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { count } from '../../core/counts.js';
import type { InputFile } from './open-source.js';
import { createOwnFile } from './own-file.js';
import type { Position } from './source.js';

/** How far a file has been sent, stored next to it. */
export interface Checkpoint {
  readonly version: 1;
  /** The file when the backfill started. */
  readonly input: InputFile;
  /** A digest of the token and the address. */
  readonly destination: string;
  /** Every row up to here has an outcome. */
  row: number;
  bytes: number;
  delivered: number;
  /** The numbers of undelivered rows, by reason. */
  readonly undelivered: Record<string, number>;
  /** The size of the errors file after these rows. */
  errorsBytes: number;
  isDone: boolean;
}

const amount = z.int().min(0);

const schema: z.ZodType<Checkpoint> = z.strictObject({
  version: z.literal(1),
  input: z.strictObject({ size: amount, mtimeMs: z.number() }),
  destination: z.string(),
  row: amount,
  bytes: amount,
  delivered: amount,
  undelivered: z.record(z.string(), amount),
  errorsBytes: amount,
  isDone: z.boolean(),
});

/** @throws {Error} when the file cannot be read or has another format */
async function readCheckpoint(file: string): Promise<Checkpoint | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Error(`${file} is damaged, or not from this version: start over with --restart.`);
  }
}

export interface ResumeOptions {
  readonly path: string;
  readonly input: InputFile;
  /** The position before the first row. */
  readonly start: Position;
  readonly checkpointFile: string;
  /** Ignore an earlier run. */
  readonly restart: boolean;
  readonly token: string;
  readonly baseUrl: string;
}

/**
 * Where to continue: where an earlier run stopped, or at the start.
 * @throws {Error} when continuing would skip rows or count them twice
 */
export async function resume(options: ResumeOptions): Promise<Checkpoint> {
  const { path, input, start, checkpointFile, restart, token, baseUrl } = options;
  // A digest is enough for the comparison.
  const destination = createHash('sha256').update(`${baseUrl}\n${token}`).digest('hex').slice(0, 16);
  const earlier = restart ? undefined : await readCheckpoint(checkpointFile);
  if (earlier === undefined) {
    const counts = { delivered: 0, undelivered: {}, errorsBytes: 0 };
    return { version: 1, input: { ...input }, destination, ...start, ...counts, isDone: false };
  }
  if (earlier.input.size !== input.size || earlier.input.mtimeMs !== input.mtimeMs) {
    throw new Error(
      `${path} has changed since its rows up to ${earlier.row} were sent, so their end is unknown. Restore the old file, or send all of it with --restart: rows with the same distinctId count once.`,
    );
  }
  if (earlier.destination !== destination) {
    throw new Error(
      `The rows of ${path} up to ${earlier.row} were sent with another token or to another address. Use those again, or send all of it with --restart.`,
    );
  }
  return earlier;
}

/**
 * Replaces the file atomically: after a crash it is the old one or the new one.
 * @throws {Error} when another backfill of the same file does so at the same time
 */
export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const draft = `${file}.new`;
  const explain = (error: NodeJS.ErrnoException): never => {
    if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw error;
    throw new Error(`${file} could not be saved: another backfill of the same file is running. Let it finish.`, {
      cause: error,
    });
  };
  const handle = await createOwnFile(draft).catch(explain);
  try {
    await handle.writeFile(`${JSON.stringify(checkpoint)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file).catch(explain);
}

/** The number of rows with an outcome. */
export function settledRows({ delivered, undelivered }: Checkpoint): number {
  return delivered + undeliveredRows({ undelivered });
}

export function undeliveredRows({ undelivered }: Pick<Checkpoint, 'undelivered'>): number {
  return Object.values(undelivered).reduce((sum, rows) => sum + rows, 0);
}

/** `49,800 rows delivered, 200 not: 150 too_old, 50 no_identity` */
export function summary({ delivered, undelivered }: Checkpoint): string {
  const reasons = Object.entries(undelivered).map(([code, rows]) => `${count(rows)} ${code}`);
  const others = reasons.length === 0 ? '' : `, ${count(undeliveredRows({ undelivered }))} not: ${reasons.join(', ')}`;
  return `${count(delivered)} rows delivered${others}.`;
}
