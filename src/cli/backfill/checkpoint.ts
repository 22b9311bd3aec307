import { readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { createOwnFile } from './own-file.js';

/** How far a file has been sent, on disk beside it. */
export interface Checkpoint {
  readonly version: 1;
  /** The file that is being sent, as it was. */
  readonly input: { readonly size: number; readonly mtimeMs: number };
  /** A digest of the token and the address. */
  readonly destination: string;
  /** Every row up to here has an outcome. */
  row: number;
  bytes: number;
  delivered: number;
  /** The others, by what became of them. */
  readonly undelivered: Record<string, number>;
  /** How much of the errors file belongs to these rows. */
  errorsBytes: number;
  isDone: boolean;
}

const count = z.int().min(0);

const schema: z.ZodType<Checkpoint> = z.strictObject({
  version: z.literal(1),
  input: z.strictObject({ size: count, mtimeMs: z.number() }),
  destination: z.string(),
  row: count,
  bytes: count,
  delivered: count,
  undelivered: z.record(z.string(), count),
  errorsBytes: count,
  isDone: z.boolean(),
});

/**
 * Reads what an earlier run has left; `undefined` where there was none.
 * @throws {Error} when the file cannot be read or is none of ours
 */
export async function readCheckpoint(file: string): Promise<Checkpoint | undefined> {
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
    throw new Error(`${file} is damaged, or not from this version: begin anew with --restart.`);
  }
}

/** Replaces the file as a whole: a crash leaves the old one or the new one. */
export async function writeCheckpoint(file: string, checkpoint: Checkpoint): Promise<void> {
  const draft = `${file}.new`;
  const handle = await createOwnFile(draft);
  try {
    await handle.writeFile(`${JSON.stringify(checkpoint)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
